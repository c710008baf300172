"""Makes models/*: what the libraries of many formats write.

xgboost 3.2, lightgbm 4.7, catboost 1.2, flax 0.12, flatbuffers 25.12, msgpack 1.2, zarr 3.1, orbax-checkpoint 0.12, rdata 1.1, pyreadr
0.5, spacy 3.8, fasttext-wheel 0.9, gensim 4.4, ctranslate2 4.8, faiss-cpu 1.15, annoy 1.17, kenlm 0.3 and mlflow-skinny
3.17, each in the newest Python that has it; with the argument `old`, what xgboost 1.7 wrote:

    python -m venv /tmp/v && /tmp/v/bin/pip install xgboost lightgbm catboost …
    cd tests/data && /tmp/v/bin/python make_models.py
"""

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

# Folders here are called like libraries.
sys.path = [path for path in sys.path if path and Path(path) != Path(__file__).parent]

import numpy as np

OUT = Path(__file__).parent / "models"
RANDOM = np.random.RandomState(0)
X = RANDOM.rand(60, 3)
Y = (X[:, 0] > 0.5).astype(int)
WORDS = "the cat sat on the mat and the dog ate the cat food on a mat".split()


def old():
    import xgboost

    for name, settings in {
        "gbtree": {"objective": "binary:logistic"},
        "dart": {"booster": "dart", "objective": "multi:softprob", "num_class": 2},
        "gblinear": {"booster": "gblinear", "objective": "reg:squarederror"},
    }.items():
        booster = xgboost.train({**settings, "max_depth": 3}, xgboost.DMatrix(X, Y), num_boost_round=4)
        booster.set_attr(note="tiny")
        booster.save_model(OUT / f"xgboost-{name}.model")


def boosting():
    import catboost
    import lightgbm
    import xgboost

    for name, settings in {"trees": {}, "dart": {"booster": "dart"}, "linear": {"booster": "gblinear"}}.items():
        booster = xgboost.train({**settings, "max_depth": 3}, xgboost.DMatrix(X, Y), num_boost_round=4)
        booster.save_model(OUT / f"xgboost-{name}.ubj")
    booster.save_model(OUT / "xgboost.json")
    lightgbm.train({"verbose": -1}, lightgbm.Dataset(X, Y), 3).save_model(OUT / "lightgbm.txt")
    quiet = {"iterations": 3, "depth": 3, "verbose": False, "allow_writing_files": False, "train_dir": tempfile.mkdtemp()}
    model = catboost.CatBoostClassifier(**quiet).fit(X, Y)
    model.save_model(str(OUT / "numbers.cbm"))
    model = catboost.CatBoostClassifier(**quiet, grow_policy="Lossguide").fit(X, Y)
    model.save_model(str(OUT / "lossguide.cbm"))
    mixed = [[a, "red" if b > 0.5 else f"c{int(b * 20)}", f"w{int(c * 30)}"] for a, b, c in X]
    model = catboost.CatBoostClassifier(**quiet).fit(mixed, Y, cat_features=[1, 2])
    model.save_model(str(OUT / "categories.cbm"))
    classes = (X[:, 0] * 3).astype(int)
    catboost.CatBoostClassifier(**quiet).fit(X, classes).save_model(str(OUT / "classes.cbm"))


def arrays():
    import flax.serialization
    import jax.export
    import jax.numpy as jnp
    import orbax.checkpoint
    import zarr

    tree = {
        "params": {f"layer{n}": {"kernel": jnp.ones((40, 40)), "bias": jnp.zeros(8, jnp.bfloat16)} for n in range(3)},
        "step": np.int64(7),
        "scale": 1 + 2j,
        "big": np.arange(3000, dtype=np.int32),
    }
    (OUT / "flax.msgpack").write_bytes(flax.serialization.to_bytes(tree))
    for name, function in {"plain": lambda x: jnp.sin(x) @ x.T, "qr": lambda x: jnp.linalg.qr(x)[0]}.items():
        exported = jax.export.export(jax.jit(function))(jax.ShapeDtypeStruct((4, 4), jnp.float32))
        (OUT / f"{name}.mlirbc").write_bytes(exported.mlir_module_serialized)
        (OUT / f"{name}.jax_exported").write_bytes(exported.serialize(vjp_order=name == "plain"))
    with tempfile.TemporaryDirectory() as folder:
        for version in (2, 3):
            group = zarr.open_group(f"{folder}/{version}", mode="w", zarr_format=version)
            group.create_array("a", shape=(8, 8), chunks=(4, 4), dtype="f4")[:] = 1
            source = Path(folder) / str(version) / "a" / ("zarr.json" if version == 3 else ".zarray")
            shutil.copy(source, OUT / source.name.replace(".zarray", "v2.zarray"))
        path = Path(folder) / "orbax"
        with orbax.checkpoint.PyTreeCheckpointer() as writer:
            writer.save(path, {"a": np.ones(4), "b": {"c": np.zeros((2, 3))}})
        for name in ("_METADATA", "_sharding", "_CHECKPOINT_METADATA", "manifest.ocdbt"):
            if (path / name).exists():
                shutil.copy(path / name, OUT / f"orbax{name if name.startswith('_') else '-' + name}")


def r_files():
    import pandas as pd
    import pyreadr
    import rdata

    frame = pd.DataFrame({"x": [1.5, None, 3], "s": ["a", "b ä", None], "n": [1, 2, 3]})
    pyreadr.write_rds(str(OUT / "frame.rds"), frame, compress="gzip")
    pyreadr.write_rdata(str(OUT / "frame.RData"), frame, df_name="frame")
    data = {"x": np.arange(2000, dtype=np.float64), "words": ["a", "b\n\"c\""], "deep": [{"y": np.array([3], "int32")}, None, True]}
    for codec in ("bzip2", "gzip", "xz"):
        rdata.write_rds(OUT / f"{codec}.rds", data, compression=codec)
    rdata.write_rds(OUT / "xdr.rds", data, compression=None)
    rdata.write_rds(OUT / "text.rds", data, file_format="ascii", compression=None)
    rdata.write_rda(OUT / "saved.rda", {"data": data, "n": np.array([4], "int32")})


def words():
    import fasttext
    import gensim
    import spacy
    from ctranslate2.specs import TransformerSpec

    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "words.txt"
        text.write_text("\n".join(f"__label__{n % 2} {' '.join(WORDS[n % 7 :])}" for n in range(40)) + "\n")
        settings = {"dim": 8, "bucket": 40, "minCount": 1, "epoch": 1, "verbose": 0, "thread": 1}
        model = fasttext.train_supervised(str(text), **settings)
        model.save_model(str(OUT / "fasttext.bin"))
        settings.update(dim=4, bucket=300, wordNgrams=2)
        model = fasttext.train_supervised(str(text), **settings)
        with contextlib.suppress(ValueError):
            model.quantize(input=str(text), retrain=False, qnorm=True)
            model.save_model(str(OUT / "fasttext.ftz"))
    vectors = gensim.models.Word2Vec([WORDS] * 4, vector_size=8, min_count=1, workers=1).wv
    vectors.save_word2vec_format(OUT / "word2vec.bin", binary=True)
    vectors.save_word2vec_format(OUT / "word2vec.txt", binary=False)
    specification = TransformerSpec.from_config(1, 1)
    fill(specification)
    for name in ("source", "target"):
        getattr(specification, f"register_{name}_vocabulary")(["<unk>", "<s>", "</s>", "a"])
    with tempfile.TemporaryDirectory() as folder:
        specification.validate()
        specification.save(folder)
        shutil.copy(Path(folder) / "model.bin", OUT / "ctranslate2.bin")
    language = spacy.blank("en")
    language.add_pipe("sentencizer")
    language.add_pipe("ner").add_label("X")
    language.initialize()
    with tempfile.TemporaryDirectory() as folder:
        language.to_disk(folder)
        for name in ("config.cfg", "meta.json", "ner/moves", "vocab/key2row", "vocab/lookups.bin", "ner/cfg"):
            if (Path(folder) / name).exists():
                (OUT / "spacy" / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(Path(folder) / name, OUT / "spacy" / name)


def fill(layer):
    for name, value in vars(layer).items():
        if isinstance(value, list):
            for each in value:
                fill(each)
        elif isinstance(value, model_spec().LayerSpec):
            fill(value)
        elif value is None:
            setattr(layer, name, np.ones((4, 4), np.float32))


def model_spec():
    from ctranslate2.specs import model_spec as module

    return module


def descriptions():
    from mlflow.models import Model

    model = Model(artifact_path="model")
    model.add_flavor("python_function", loader_module="mlflow.sklearn", model_path="model.pkl", env={"conda": "conda.yaml"})
    model.save(OUT / "MLmodel")


def indices():
    import annoy
    import faiss

    data = RANDOM.rand(60, 8).astype("float32")
    for name, kind in {
        "flat": "Flat",
        "ivf": "IVF4,Flat",
        "ivfpq": "IVF4,PQ4x4",
        "ivfsq": "IVF4,SQ8",
        "hnsw": "HNSW8,Flat",
        "pq": "PQ4x4",
        "ids": "IDMap,Flat",
        "ids2": "IDMap2,Flat",
        "pca": "PCA4,Flat",
        "lsh": "LSH",
        "sq": "SQ8",
    }.items():
        index = faiss.index_factory(8, kind)
        index.train(data)
        if name.startswith("ids"):
            index.add_with_ids(data, np.arange(60))
        else:
            index.add(data)
        faiss.write_index(index, str(OUT / f"faiss-{name}.index"))
    index = annoy.AnnoyIndex(4, "angular")
    for at in range(8):
        index.add_item(at, data[at][:4])
    index.build(1)
    index.save(str(OUT / "annoy.ann"))


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    for make in (old,) if sys.argv[1:] == ["old"] else (boosting, arrays, r_files, words, descriptions, indices):
        make()
