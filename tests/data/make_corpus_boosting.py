"""Makes corpus/xgboost-*, lightgbm-*, catboost-*: each library that is installed. Releases: 3.2.0, 4.7.0, 1.2.10.

lightgbm 3.3.5 makes files of its own kind, in the environment of scikit-learn 1.1.3.
"""

import importlib.util
import itertools

import joblib
import numpy as np
from corpus_writing import Folder
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

RANDOM = np.random.RandomState(0)
X = RANDOM.rand(60, 3)
Y = (X[:, 0] + X[:, 1] > 1).astype(int)
Z = X @ [1.0, 2.0, 3.0]


def xgboost():
    import xgboost as xgb

    settings = {"n_estimators": 2, "max_depth": 2}
    yield xgb.__version__
    yield "classifier", xgb.XGBClassifier(**settings).fit(X, Y)
    yield "regressor", xgb.XGBRegressor(**settings).fit(X, Z)
    yield "forest", xgb.XGBRFRegressor(**settings).fit(X, Z)
    yield "ranker", xgb.XGBRanker(**settings).fit(X, Y, qid=np.repeat([0, 1], 30))
    yield "booster", xgb.train({"max_depth": 2}, xgb.DMatrix(X, Z), num_boost_round=2)
    yield "dart", xgb.train({"booster": "dart", "max_depth": 2}, xgb.DMatrix(X, Z), num_boost_round=2)
    yield "linear", xgb.XGBRegressor(booster="gblinear", n_estimators=2).fit(X, Z)
    yield "stopped_early", xgb.XGBClassifier(**settings, early_stopping_rounds=2).fit(X, Y, eval_set=[(X, Y)], verbose=False)
    yield "with_callback", xgb.XGBClassifier(**settings, callbacks=[xgb.callback.EarlyStopping(2)]).fit(X, Y, eval_set=[(X, Y)], verbose=False)
    yield "pipeline", make_pipeline(StandardScaler(), xgb.XGBClassifier(**settings)).fit(X, Y)
    yield "unfitted", xgb.XGBClassifier()


def lightgbm():
    import lightgbm as lgb

    settings = {"n_estimators": 2, "num_leaves": 4, "min_child_samples": 2, "verbose": -1}
    yield lgb.__version__
    yield "classifier", lgb.LGBMClassifier(**settings).fit(X, Y)
    yield "regressor", lgb.LGBMRegressor(**settings).fit(X, Z)
    yield "ranker", lgb.LGBMRanker(**settings).fit(X, Y, group=[30, 30])
    yield "booster", lgb.train({"verbose": -1, "num_leaves": 4}, lgb.Dataset(X, Z), num_boost_round=2)
    yield "stopped_early", lgb.LGBMClassifier(**settings).fit(X, Y, eval_set=[(X, Y)], callbacks=[lgb.early_stopping(2, verbose=False)])
    yield "pipeline", make_pipeline(StandardScaler(), lgb.LGBMClassifier(**settings)).fit(X, Y)
    yield "cross_validated", lgb.cv({"verbose": -1}, lgb.Dataset(X, Z), num_boost_round=2, stratified=False, nfold=2)


def catboost():
    import catboost as cat

    settings = {"iterations": 2, "depth": 2, "verbose": False, "allow_writing_files": False}
    yield cat.__version__
    yield "classifier", cat.CatBoostClassifier(**settings).fit(X, Y)
    yield "regressor", cat.CatBoostRegressor(**settings).fit(X, Z)
    yield "ranker", cat.CatBoostRanker(**settings, loss_function="YetiRank").fit(X, Y, group_id=np.repeat([0, 1], 30))
    yield "plain", cat.CatBoost(settings).fit(X, Z)
    yield "pipeline", make_pipeline(StandardScaler(), cat.CatBoostClassifier(**settings)).fit(X, Y)


def main():
    for library in (xgboost, lightgbm, catboost):
        if importlib.util.find_spec(library.__name__) is None:
            continue
        version, *models = library()
        out, protocols = Folder(library.__name__, version), itertools.cycle((2, 4, 5))
        for name, model in models:
            out.pickle(name, model, (next(protocols),))
            joblib.dump(model, out(f"{name}.joblib"))
        out.check()


if __name__ == "__main__":
    main()
