"""Classes of well-known packages that act when a bare instance of them is made, filled or thrown away."""

from tests.craft.attack import several
from tests.craft.pickles import asm, built, call, instance, named, named_late, op, stream, text

_RECONSTRUCTOR, _NEW = named("copyreg", "_reconstructor"), named("copyreg", "__newobj__")
_NEW_EX = named("copyreg", "__newobj_ex__")
_SAVED = named("keras.layers", "TFSMLayer")
_WORD2VEC = named("gensim.models.word2vec", "Word2Vec")
_TABLE = named("autogluon.common.dataset", "TabularDataset")
_JSON = named("ultralytics.utils", "JSONDict")
_PATH = text("/tmp/anything")
_KWARGS = asm("EMPTY_DICT", "MARK", text("filepath"), _PATH, "SETITEMS")
_IMPORT = {"rule": "pickle-unknown-import", "severity": "medium", "verdict": "suspicious"}
_CALL = {**_IMPORT, "rule": "pickle-unknown-call"}


def _state(module, name, key, value=_PATH):
    return stream(built(instance(named(module, name)), text(key), value))


INSTANCES = [
    *several(
        "instance",
        {
            "ray's Trial unpickles hexadecimal texts of its state": _state(
                "ray.tune.experiment.trial", "Trial", "trainable_name", text("80049504")
            ),
            "the same class by another module that holds it": _state("ray.tune.tune", "Trial", "status", text("x")),
            "the same class for a tensor to be": stream(call(
                named("torch._tensor", "_rebuild_from_type_v2"), named("torch._utils", "_rebuild_parameter"),
                named("ray.tune", "Trial"), "EMPTY_TUPLE", "EMPTY_DICT",
            )),
            "an import of optuna's that waits for any attribute": (
                _state("optuna._imports", "_LazyImport", "_name", text("antigravity")), {"rule": "pickle-resolves-names", "severity": "high"},
            ),
        },
    ),
    *several(
        "instance",
        {
            "torchrl's storage removes its folder when it is thrown away": _state(
                "torchrl.data.replay_buffers.storages.tensor", "LazyMemmapStorage", "scratch_dir"
            ),
            "torchrl's interpreter removes its script": _state(
                "torchrl.envs.llm.transforms.tools", "PersistentPythonProcess", "_init_script"
            ),
            "torchrl's server removes its log": _state(
                "torchrl.modules.llm.backends.sglang.sglang_server", "AsyncSGLang", "_log_file_path"
            ),
            "a callback of transformers removes its folder": _state(
                "transformers.integrations.integration_utils", "NeptuneCallback", "_volatile_checkpoints_dir"
            ),
            "numpy's DataSource removes its folder, by a module that held it before numpy 2": _state(
                "numpy.lib", "DataSource", "_destpath"
            ),
            "a dict of ultralytics writes a file at each item": stream(
                built(instance(_JSON), text("file_path"), call(named("pathlib", "PosixPath"), _PATH)),
                *("MARK", text("key"), text("what is written"), "SETITEMS"),
            ),
            "autogluon's table reads the file that its __new__ is given": stream(instance(_TABLE, _PATH)),
            "the same table as the class of an index": stream(call(
                named("pandas.core.indexes.base", "_new_Index"), _TABLE,
                asm("EMPTY_DICT", "MARK", text("data"), _PATH, "SETITEMS"),
            )),
            "Word2Vec as its own base, whose constructor _reconstructor runs": stream(
                call(_RECONSTRUCTOR, _WORD2VEC, _WORD2VEC, _PATH)
            ),
        },
        rule="pickle-reaches-out", severity="high",
    ),
    *several(
        "instance",
        {
            "flair's embeddings fetch the model that their state names": (
                _state("flair.embeddings.transformer", "TransformerWordEmbeddings", "model", text("org/model")),
                {"rule": "pickle-reaches-out"},
            ),
            "sktime's classifier fetches the model that its state names": (
                _state("sktime.classification.foundation_models.tspulse", "TSPulseClassifier", "model_path", text("org/m")),
                {"rule": "pickle-reaches-out"},
            ),
            "a layer as its own base, whose constructor _reconstructor runs": stream(
                call(_RECONSTRUCTOR, _SAVED, _SAVED, _PATH)
            ),
            "a layer whose __new__ is given a path": stream(instance(_SAVED, _PATH)),
            "the same by NEWOBJ_EX and a keyword": stream(asm(_SAVED, "EMPTY_TUPLE", _KWARGS, "NEWOBJ_EX")),
            "the same by copyreg.__newobj__": stream(call(_NEW, _SAVED, _PATH)),
            "the same by copyreg.__newobj_ex__": stream(call(_NEW_EX, _SAVED, "EMPTY_TUPLE", _KWARGS)),
            "the same by INST": (stream(asm("MARK", _PATH, op("INST", ("keras.layers", "TFSMLayer")))), _CALL),
            "the same as a partial": (stream(call(call(named("functools", "partial"), _SAVED, _PATH))), _CALL),
        },
        **_IMPORT,
    ),
    *several(
        "instance",
        {
            "a logger that exists is silenced by its state": stream(
                built(call(named("logging", "getLogger")), text("disabled"), "NEWTRUE")
            ),
            "a class that is allowed gets another method": stream(
                built(named_late("torch.nn.modules.linear", "Linear"), text("forward"), named("math", "sqrt"))
            ),
        },
        rule="pickle-mutates-global", severity="high",
    ),
]  # fmt: skip
