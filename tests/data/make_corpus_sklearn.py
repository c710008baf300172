"""Makes corpus/sklearn-*: fitted estimators and pipelines, by pickle and by joblib. Releases: 1.1.3, 1.9.1."""

import importlib.util
import itertools
import pickle

import joblib
import numpy as np
import pandas as pd
import sklearn
from corpus_writing import Folder
from sklearn import (
    calibration,
    cluster,
    compose,
    decomposition,
    discriminant_analysis,
    ensemble,
    feature_extraction,
    feature_selection,
    gaussian_process,
    impute,
    isotonic,
    kernel_ridge,
    linear_model,
    metrics,
    mixture,
    model_selection,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    semi_supervised,
    svm,
    tree,
)
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction import text
from sklearn.utils import all_estimators

RANDOM = np.random.RandomState(0)
X = RANDOM.rand(40, 3)
Y = (X[:, 0] + X[:, 1] > 1).astype(int)
Z = X @ [1.0, 2.0, 3.0]
TEXTS = ["the cat sat", "a dog ran", "the dog sat", "a cat ran"] * 2
KERNEL = 2.0 * gaussian_process.kernels.RBF() + gaussian_process.kernels.WhiteKernel() * gaussian_process.kernels.Matern(nu=1.5)
FRAME = pd.DataFrame({"n": [1.0, 2.0, np.nan, 4.0] * 5, "k": ["a", "b", "a", "c"] * 5, "t": [0, 1, 0, 1] * 5})


def classifiers():
    yield linear_model.LogisticRegression()
    yield linear_model.SGDClassifier(loss="log_loss")
    yield linear_model.Perceptron()
    yield svm.SVC(probability=True)
    yield svm.LinearSVC()
    yield tree.DecisionTreeClassifier(max_depth=3)
    yield ensemble.RandomForestClassifier(3, max_depth=3)
    yield ensemble.ExtraTreesClassifier(3, max_depth=3)
    yield ensemble.GradientBoostingClassifier(n_estimators=3)
    yield ensemble.HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=2)
    yield ensemble.AdaBoostClassifier(n_estimators=3)
    yield ensemble.BaggingClassifier(n_estimators=2)
    yield ensemble.VotingClassifier([("a", naive_bayes.GaussianNB()), ("b", tree.DecisionTreeClassifier(max_depth=2))])
    yield ensemble.StackingClassifier([("a", naive_bayes.GaussianNB())], linear_model.LogisticRegression(), cv=2)
    yield neighbors.KNeighborsClassifier(algorithm="kd_tree")
    yield neighbors.RadiusNeighborsClassifier(algorithm="ball_tree", radius=2.0)
    yield neural_network.MLPClassifier(hidden_layer_sizes=(4,), max_iter=5)
    yield naive_bayes.GaussianNB()
    yield naive_bayes.MultinomialNB()
    yield discriminant_analysis.LinearDiscriminantAnalysis()
    yield calibration.CalibratedClassifierCV(cv=2)
    yield multiclass.OneVsRestClassifier(linear_model.LogisticRegression())
    yield semi_supervised.LabelSpreading()
    yield feature_selection.SelectKBest(feature_selection.chi2, k=2)
    yield feature_selection.RFE(linear_model.LogisticRegression(), n_features_to_select=2)


def regressors():
    yield linear_model.LinearRegression()
    yield linear_model.Ridge()
    yield linear_model.LassoCV(cv=2)
    yield linear_model.SGDRegressor()
    yield ensemble.RandomForestRegressor(3, max_depth=3)
    yield ensemble.GradientBoostingRegressor(n_estimators=3)
    yield ensemble.HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=2)
    yield svm.SVR()
    yield neighbors.KNeighborsRegressor(metric="manhattan", algorithm="ball_tree")
    yield neural_network.MLPRegressor(hidden_layer_sizes=(4,), max_iter=5)
    yield kernel_ridge.KernelRidge(kernel="rbf")
    yield isotonic.IsotonicRegression()
    yield compose.TransformedTargetRegressor(linear_model.LinearRegression(), func=np.log1p, inverse_func=np.expm1)


def unsupervised():
    yield cluster.KMeans(2, n_init=1)
    yield cluster.DBSCAN()
    yield cluster.AgglomerativeClustering()
    yield cluster.Birch()
    yield decomposition.PCA(2)
    yield decomposition.NMF(2)
    yield decomposition.TruncatedSVD(2)
    yield decomposition.LatentDirichletAllocation(2, max_iter=2)
    yield mixture.GaussianMixture(2)
    yield ensemble.IsolationForest(n_estimators=2)
    yield neighbors.LocalOutlierFactor()
    yield neighbors.NearestNeighbors()
    yield neighbors.KernelDensity()
    yield preprocessing.StandardScaler()
    yield preprocessing.MinMaxScaler()
    yield preprocessing.PolynomialFeatures()
    yield preprocessing.PowerTransformer()
    yield preprocessing.KBinsDiscretizer(3)
    yield preprocessing.FunctionTransformer(np.log1p)
    yield impute.SimpleImputer()
    yield impute.KNNImputer()
    yield impute.IterativeImputer()


def composed():
    numbers = pipeline.make_pipeline(impute.SimpleImputer(strategy="median"), preprocessing.RobustScaler())
    columns = compose.ColumnTransformer(
        [("n", numbers, ["n"]), ("k", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["k"])], remainder="drop"
    )
    yield "columns", pipeline.Pipeline([("c", columns), ("m", linear_model.LogisticRegression())]).fit(FRAME, FRAME["t"])
    yield "selector", compose.make_column_transformer((preprocessing.StandardScaler(), compose.make_column_selector(dtype_include=float))).fit(FRAME)
    yield "tfidf", pipeline.make_pipeline(text.TfidfVectorizer(), svm.LinearSVC()).fit(TEXTS, [0, 1] * 4)
    yield "count", text.CountVectorizer(ngram_range=(1, 2), tokenizer=str.split, token_pattern=None).fit(TEXTS)
    yield "hashing", text.HashingVectorizer(n_features=16)
    yield "dict", feature_extraction.DictVectorizer().fit([{"a": 1}, {"b": "x"}])
    yield "union", pipeline.FeatureUnion([("w", text.TfidfVectorizer()), ("c", text.TfidfVectorizer(analyzer="char"))]).fit(TEXTS)
    grid = {"C": [0.1, 1], "gamma": ["scale"]}
    yield "grid", model_selection.GridSearchCV(svm.SVC(), grid, cv=2, scoring="f1").fit(X, Y)
    folds = model_selection.StratifiedKFold(2)
    scorer = metrics.make_scorer(metrics.mean_squared_error, greater_is_better=False)
    yield "random", model_selection.RandomizedSearchCV(linear_model.Ridge(), {"alpha": [1, 2]}, n_iter=2, cv=2, scoring=scorer).fit(X, Z)
    yield "folds", [folds, model_selection.KFold(3), model_selection.GroupKFold(2), scorer, model_selection.TimeSeriesSplit()]
    yield "labels", [preprocessing.LabelEncoder().fit(["a", "b"]), preprocessing.MultiLabelBinarizer().fit([["a"], ["b"]]), preprocessing.LabelBinarizer().fit([1, 2])]
    yield "chain", multioutput.MultiOutputRegressor(linear_model.Ridge()).fit(X, np.c_[Z, Z])
    yield "metrics", [metrics.accuracy_score, metrics.f1_score, metrics.pairwise.cosine_similarity]
    yield "bundle", {"model": tree.DecisionTreeRegressor(max_depth=2).fit(X, Z), "scaler": preprocessing.StandardScaler().fit(X), "features": list("abc")}


def the_rest():
    """All that is left and fits such data, by the module that it is in."""
    targets = {"Multi": np.c_[Z, Z], "PLS": np.c_[Z, Z], "CCA": np.c_[Z, Z]}
    found = {}
    for name, kind in all_estimators():
        target = next((t for prefix, t in targets.items() if name.startswith(prefix)), Z if issubclass(kind, sklearn.base.RegressorMixin) else Y)
        settings = {"n_estimators": 2, "max_iter": 3, "n_components": 2, "n_neighbors": 3}
        try:
            model = kind(**{k: v for k, v in settings.items() if k in kind().get_params()}).fit(X, target)
        except (TypeError, ValueError, AttributeError):
            continue
        found.setdefault(kind.__module__.split(".")[1], []).append(model)
    for package, models in found.items():
        parts = itertools.batched(models, 6) if hasattr(itertools, "batched") else [models[i : i + 6] for i in range(0, len(models), 6)]
        for number, part in enumerate(parts):
            small = [model for model in part if len(pickle.dumps(model)) < 4000]
            yield f"all_{package}_{number}", small


def main():
    out = Folder("sklearn", sklearn.__version__)
    protocols = itertools.cycle((2, 4, 5))
    codecs = itertools.cycle(("zlib", "gzip", "bz2", "xz", "lzma", *(["lz4"] if importlib.util.find_spec("lz4") else [])))
    fitted = [
        *((type(m).__name__, m.fit(X, Y)) for m in classifiers()),
        *((type(m).__name__, m.fit(X[:, :1] if "Isotonic" in type(m).__name__ else X, Z)) for m in regressors()),
        ("GaussianProcessClassifier", gaussian_process.GaussianProcessClassifier().fit(X[:12], Y[:12])),
        ("GaussianProcessRegressor", gaussian_process.GaussianProcessRegressor(KERNEL).fit(X[:12], Z[:12])),
        *((type(m).__name__, m.fit(X)) for m in unsupervised()),
        *composed(),
    ]
    for number, (name, value) in enumerate(fitted):
        out.pickle(name, value, (next(protocols),))
        if number % 2:
            joblib.dump(value, out(f"{name}.joblib"))
        elif number % 3 == 0:
            codec = next(codecs)
            joblib.dump(value, out(f"{name}.joblib.{codec}"), compress=(codec, 3))
    for name, value in the_rest():
        out.pickle(name, value, (next(protocols),))
    arrays = {"a": np.arange(6.0).reshape(2, 3), "f": np.asfortranarray(np.ones((2, 2))), "o": np.array(["x", None], dtype=object)}
    for protocol in (2, 3, 4, 5):
        joblib.dump(arrays, out(f"arrays.p{protocol}.joblib"), protocol=protocol)
    joblib.dump(FRAME, out("frame.joblib"))
    out.check()


if __name__ == "__main__":
    main()
