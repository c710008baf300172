"""Makes corpus/imblearn-* and corpus/category_encoders-*: what stands in scikit-learn's pipelines beside its own.

Releases: imbalanced-learn 0.14.2, category-encoders 2.11.2; scikit-learn 1.9.1.
"""

from importlib.metadata import version

import joblib
import numpy as np
import pandas as pd
from corpus_writing import Folder
from sklearn.linear_model import LogisticRegression

RANDOM = np.random.RandomState(0)
X = RANDOM.rand(40, 3)
Y = (np.arange(40) < 12).astype(int)
FRAME = pd.DataFrame({"city": ["Ulm", "Bonn", "Kiel", "Trier"] * 10, "n": X[:, 0]})


def resampled():
    from imblearn.ensemble import BalancedBaggingClassifier, BalancedRandomForestClassifier, RUSBoostClassifier
    from imblearn.over_sampling import SMOTE, RandomOverSampler
    from imblearn.pipeline import make_pipeline
    from imblearn.under_sampling import RandomUnderSampler

    yield "smote", make_pipeline(SMOTE(k_neighbors=2), LogisticRegression())
    yield "over", make_pipeline(RandomOverSampler(), LogisticRegression())
    yield "under", make_pipeline(RandomUnderSampler(), LogisticRegression())
    yield "forest", BalancedRandomForestClassifier(2, max_depth=2)
    yield "bagging", BalancedBaggingClassifier(n_estimators=2)
    yield "boosting", RUSBoostClassifier(n_estimators=2)


def encoders():
    import category_encoders as ce

    for name in ("OneHotEncoder", "OrdinalEncoder", "TargetEncoder", "BinaryEncoder", "CountEncoder", "HashingEncoder"):
        more = {"max_process": 1} if name == "HashingEncoder" else {}
        yield name, getattr(ce, name)(cols=["city"], **more)


for library, distribution, made, data in (
    ("imblearn", "imbalanced-learn", resampled, X),
    ("category_encoders", "category-encoders", encoders, FRAME),
):
    out = Folder(library, version(distribution))
    for name, model in made():
        model.fit(data, Y)
        out.pickle(name, model, (2, 4))
        joblib.dump(model, out(f"{name}.joblib"), compress=3)
    out.check()
