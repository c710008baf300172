"""Makes corpus/fastai-*, skops-*, keras_preprocessing-*, gym-* and more: a few files of each that is installed.

Releases: fastai 2.8.12, skops 0.16.0, Keras-Preprocessing 1.1.2, gym 0.26.2, easydict, munch, addict, peft 0.14.0.
"""

import importlib.util
from importlib.metadata import version

import numpy as np
from corpus_writing import Folder

TEXTS = ["the cat sat", "a dog ran"]


def fastai():
    from fastai.tabular.all import CategoryBlock, Categorify, FillMissing, Normalize, TabularDataLoaders, tabular_learner
    import pandas as pd

    out = Folder("fastai", version("fastai"))
    frame = pd.DataFrame({"n": np.arange(20.0), "k": ["a", "b"] * 10, "t": [0, 1] * 10})
    loaders = TabularDataLoaders.from_df(
        frame, procs=[Categorify, FillMissing, Normalize], cat_names=["k"], cont_names=["n"], y_names="t", y_block=CategoryBlock(), bs=4
    )
    learner = tabular_learner(loaders, layers=[4])
    learner.path = out.path
    learner.export("export.pkl")
    learner.save(out("weights").resolve(), with_opt=True)


def skops():
    import collections
    import functools
    import operator
    import zipfile

    import scipy.sparse
    import xgboost
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    from skops import io

    out = Folder("skops", version("skops"))
    x = np.random.RandomState(0).rand(20, 2)
    io.dump(make_pipeline(StandardScaler(), LogisticRegression()).fit(x, x[:, 0] > 0.5), out("pipeline.skops"))
    io.dump({"weights": np.ones(3), "names": ["a"]}, out("dictionary.skops"))
    y = (x[:, 0] > 0.5).astype(int)
    steps = {
        "logarithm": FunctionTransformer(np.log1p),
        "partial": FunctionTransformer(functools.partial(np.clip, a_min=0)),
        "attribute": FunctionTransformer(operator.attrgetter("real")),
        "item": FunctionTransformer(operator.itemgetter(0)),
        "tree": DecisionTreeClassifier(max_depth=2).fit(x, y),
        "descent": SGDClassifier().fit(x, y),
        "boosting": GradientBoostingClassifier(n_estimators=1, max_depth=1).fit(x, y),
        "xgboost": xgboost.XGBClassifier(n_estimators=1, max_depth=1).fit(x, y),
        "method": {"score": LogisticRegression().fit(x, y).predict},
        "numbers": [np.random.RandomState(0), np.random.default_rng(0), np.dtype("f4"), np.ma.masked_array([1, 2], [0, 1])],
        "values": {1: slice(1, 2), 2.5: {1}, None: b"\xff" * 40, "d": collections.defaultdict(list, a=[1]), "o": np.array([{}, None], dtype=object)},
        "sparse": scipy.sparse.csr_matrix(x),
    }
    for name, value in steps.items():
        io.dump(value, out(f"{name}.skops"), compression=zipfile.ZIP_DEFLATED)


def keras_preprocessing():
    from keras_preprocessing.text import Tokenizer

    tokenizer = Tokenizer(num_words=10, oov_token="?")
    tokenizer.fit_on_texts(TEXTS)
    Folder("keras_preprocessing", version("keras_preprocessing")).pickle("tokenizer", tokenizer, (2, 4, 5))


def gym():
    from gym import spaces

    made = [spaces.Discrete(3), spaces.Box(0, 1, (2,)), spaces.MultiDiscrete([2, 3]), spaces.Tuple([spaces.Discrete(2)])]
    Folder("gym", version("gym")).pickle("spaces", made, (2, 4))


def easydict():
    from addict import Dict
    from easydict import EasyDict
    from munch import Munch

    out = Folder("dictionaries", version("easydict"))
    for kind in (EasyDict, Munch, Dict):
        out.pickle(kind.__name__, kind(lr=0.1, model={"depth": 3}), (2, 4))


def peft():
    import peft

    config = peft.LoraConfig(r=4, target_modules=["q"])
    Folder("peft", version("peft")).pickle("lora", config, (2, 4))


def main():
    for make in (fastai, skops, keras_preprocessing, gym, easydict, peft):
        if importlib.util.find_spec(make.__name__):
            make()


if __name__ == "__main__":
    main()
