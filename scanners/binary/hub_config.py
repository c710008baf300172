"""What configurations of the Hub's libraries ask their loaders for: code, classes, other repositories, paths.

Every object of a document is looked at, at any depth, whatever the file is called: libraries read each other's files.

Sources, by key: transformers `auto_map` is left to the JSON reader; `*_implementation` (transformers
integrations/hub_kernels.py, CVE-2026-4372); `trust_remote_code` (CVE-2026-5241); mlx-lm `model_file` (utils.py,
CVE-2026-5843); sentence-transformers modules.json (`type`); diffusers model_index.json (`_class_name`, `[library,
class]`, GHSA-4prv-5hj7-c2xr); PEFT `auto_mapping` (auto.py); Hydra `_target_`, Lightning `class_path`, latent
diffusion's `target` beside `params`; MLflow `loader_module` (pyfunc/__init__.py); TorchServe `handler` (MANIFEST.json
of an archive); Cog `predict`, `train` and `run` (cog.yaml); BentoML `service` and `setup_script` (bentofile.yaml); Zarr
`filters`, `compressor` and `codecs` (.zarray, zarr.json); AllenNLP `include_package`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.binary.stated import Stated
from scanners.binary.tree import Several, dicts, items, readings, shown, texts, walk
from scanners.facts import Reference, clip_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.binary.tree import Place
    from scanners.facts import ReferenceKind, UsedAs

_KERNEL: Final = re.compile(r"_?(?:attn|attention|experts|moe|kernel)\w*implementation\w*", re.IGNORECASE)
_REPO: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_TARGETS: Final = ("_target_", "__target__", "class_path", "target", "restore_fn")
_BESIDE_TARGET: Final = {"class_path": {"init_args"}, "target": {"params"}}
"""Keys that say "what to make" only beside their arguments; alone they are words like others."""
_EDGES: Final = frozenset(
    "base_model base_model_name_or_path backbone draft_model parent_model teacher_model pretrained_model_name_or_path"
    " encoder decoder text_encoder_name model_name_or_path tokenizer_name_or_path".split()
)
_PATHS: Final = frozenset(
    "tokenizer_file vocab_file merges_file spm_file model_path index_path passages_path dataset_path repo_or_path"
    " checkpoint_path weights_path pretrained_path config_path adapter_path kv_cache_path init_checkpoint".split()
)
_AWAY: Final = re.compile(r"[\\/~]|[A-Za-z]:[\\/]|[a-z][a-z+.-]*://|(?:.*[\\/])?\.\.(?:[\\/]|\Z)", re.DOTALL)
_ADDRESS: Final = re.compile(r"(?:https?|ftp|file|s3|gs)://")
_LAYER: Final = re.compile(r"(?:(?:torch\.)?nn\.|torchvision\.ops\.)?[A-Za-z_]\w*")
"""How a layer of YOLO is called: a class of the library's own, of torch or of torchvision."""
_FILLED: Final = re.compile(r"\$\{\s*(oc\.env|env|eval|oc\.decode|oc\.create|python|import|load)\s*:([^}]*)\}")
_OWN_DATA: Final = re.compile(r"(?:hf://|https://huggingface\.co/)datasets/([\w.-]+)/([\w.-]+)")
_FRONT: Final = "front.yaml"
"""The part of a card that is YAML, as the reader of Markdown calls it."""
_NAME: Final = re.compile(r"[A-Za-z_][\w.]*")
_SERVED: Final = {"cog": re.compile(r"[\w./-]+\.py:\w+"), "bentoml": re.compile(r"[\w./-]+:\w+")}
"""How servers name code; others name files and folders."""
_OF_COG: Final = frozenset(("build", "predict", "train", "image"))
_OF_BENTO: Final = frozenset("include python docker models conda labels envs".split())
_TRUE: Final = frozenset(("true", "yes", "on"))
"""In YAML 1.1; in a tree of YAML they are texts."""
_STATED_MOST: Final = 1_024


class HubConfig(Stated):
    """States what the objects of one document ask for, each thing once."""

    def look(self, value: dict[str, object], place: Place) -> None:
        """Look at one object."""
        for key, each in value.items():
            if isinstance(each, str) and "${" in each:
                for kind, what in _FILLED.findall(each):
                    self._state("config.interpolation", kind, what, "resolved", place)
            if _KERNEL.fullmatch(key):
                for text in self._named(each):
                    if "/" in text:
                        self._state("transformers.kernel", *_split(text, "/"), "called", place)
            elif key == "trust_remote_code" and any(map(_true, readings(each))):
                self._state("config.trust", "", key, "argument", place)
            elif key == "model_file" and "model_type" in value:
                for text in texts(each):
                    self._state("mlx.model_file", "", text, "imported", place)
            elif key == "loader_module":
                for text in texts(each):
                    self._state("mlflow.loader", *_split(text, "."), "imported", place)
            elif key == "include_package":
                for package in each if isinstance(each, list) else [each]:
                    if isinstance(package, str):
                        self._state("config.target", *_split(package, "."), "imported", place)
            elif key == "custom_imports":
                for text in (one for made in dicts(each) for one in _texts_of(made.get("imports"))):
                    self._state("config.target", *_split(text, "."), "imported", place)
            elif key in {"_base_", "searchpath"}:
                self._addresses(key, _texts_of(each))
            elif key in _EDGES:
                for text in _texts_of(each):
                    if _REPO.fullmatch(text):
                        self._state("hub.repo", *_split(f"{text}{_pinned(value, key)}", "/"), "argument", place)
            elif key == "datasets":
                for one in _listed(each):
                    if isinstance(one, str) and _REPO.fullmatch(one):
                        owner, name = _split(one, "/")
                        self._state("hub.repo", f"datasets/{owner}", name, "argument", place)
            elif key in _PATHS:
                for text in texts(each):
                    if _AWAY.match(text):
                        self.opens("config.path", text, key)
        if "loadables" in value:
            self._addresses(
                "paths", [text for made in dicts(value.get("paths")) for _, one in items(made) for text in texts(one)]
            )
        if {"backbone", "head"} <= value.keys():
            self._layers(value, place)
        self._targets(value, place)
        self._libraries(value, place)
        self._served(value, place)
        self._card(value, place)
        if "zarr_format" in value:
            self._codecs(value, place)

    def _addresses(self, key: str, found: list[str]) -> None:
        for text in found:
            if _ADDRESS.match(text):
                self.opens("config.path", text, key)

    def _layers(self, value: dict[str, object], place: Place) -> None:
        """Layers, each `[from, repeats, class, arguments]`, that are no class of the libraries that make them."""
        for layer in (one for key in ("backbone", "head") for many in readings(value[key]) for one in _listed(many)):
            match layer:
                case [_, _, str(name), *_] if not _LAYER.fullmatch(name):
                    self._state("config.target", *_split(name, "."), "called", place)

    def _targets(self, value: dict[str, object], place: Place) -> None:
        for key in _TARGETS:
            if key in value and (key not in _BESIDE_TARGET or not _BESIDE_TARGET[key].isdisjoint(value)):
                for text in texts(value[key]):
                    self._state("config.target", *_split(text.strip(), "."), "called", place)

    def _libraries(self, value: dict[str, object], place: Place) -> None:
        if "_diffusers_version" in value and "_class_name" in value:
            for name in readings(value["_class_name"]):
                if isinstance(name, list) and len(name) == 2:
                    self._state("diffusers.pipeline", str(name[0]), str(name[1]), "imported", place)
            for key, each in value.items():
                for pair in readings(each):
                    for library, name in () if key.startswith("_") else _components(pair):
                        self._state("diffusers.component", library, name, "instantiated", place)
        if {"type", "path", "idx"} <= value.keys():
            for text in texts(value["type"]):
                self._state("sentence_transformers.module", *_split(text, "."), "instantiated", place)
        for mapping in dicts(value.get("auto_mapping")):
            for module in texts(mapping.get("parent_library")):
                name = "".join(texts(mapping.get("base_model_class"))[:1])
                self._state("peft.parent", module, name, "imported", place)

    def _served(self, value: dict[str, object], place: Place) -> None:
        """Code that servers import, and commands that run while their image is built."""
        found: list[tuple[ReferenceKind, str, object]] = []
        if {"handler", "modelName"} <= value.keys():
            found += [("serving.handler", "torchserve", value[key]) for key in ("handler", "modelFile") if key in value]
        if len(_OF_COG & value.keys()) > 1:
            found += [("serving.handler", "cog", value.get(key)) for key in ("predict", "train")]
            for build in dicts(value.get("build")):
                runs = build.get("run")
                for each in runs if isinstance(runs, list) else [runs]:
                    command = each.get("command") if isinstance(each, dict) else each
                    found.append(("serving.command", "cog", command))
        if "loader_module" in value:
            found += [("serving.handler", "mlflow", value.get(key)) for key in ("code", "model_code_path")]
        if "service" in value and not _OF_BENTO.isdisjoint(value):
            found += [("serving.handler", "bentoml", value["service"])]
            found += [("serving.command", "bentoml", each.get("setup_script")) for each in dicts(value.get("docker"))]
        for kind, server, said in found:
            for text in texts(said):
                if kind == "serving.command" or server not in _SERVED or _SERVED[server].fullmatch(text):
                    self._state(kind, server, text, "imported" if kind == "serving.handler" else "called", place)

    def _codecs(self, value: dict[str, object], place: Place) -> None:
        """What the chunks of an array went through, at any depth of its codecs."""
        found = [one for key in ("filters", "compressor", "codecs") for one in readings(value.get(key))]
        for each, _ in walk(found):
            for codec in (text for key in ("id", "name") if isinstance(each, dict) for text in texts(each.get(key))):
                self._state("zarr.codec", "", codec, "called", place)

    def _card(self, value: dict[str, object], place: Place) -> None:
        """What the YAML in front of a card says of a dataset's files, and of the program of a Space."""
        for branch, _ in walk({"": value.get("data_files")}):
            for key, each in items(branch):
                for text in texts(each) if key != "split" else ():
                    if own := _OWN_DATA.match(text):
                        self._state("hub.repo", f"datasets/{own[1]}", own[2], "argument", place)
                    elif "::" in text or _AWAY.match(text):
                        self.opens("dataset.data-file", text, "data_files")
        if self.scan.member.endswith(_FRONT):
            for kit in texts(value.get("sdk")):
                for name in texts(value.get("app_file")) if kit != "static" else ():
                    self._state("space.app", kit, name, "called", place)

    def _named(self, value: object) -> list[str]:
        """The texts of a value, or of what it holds by name: backbones have their own."""
        inner = [text for each in dicts(value) for _, one in items(each) for text in texts(one)]
        return [*texts(value), *inner]

    def _state(self, kind: ReferenceKind, module: str, name: str, used: UsedAs, place: Place) -> None:
        if self.new(kind, module, name):
            if len(self._told) == _STATED_MOST:
                self.scan.unread("limit", f"more than {_STATED_MOST} names in a configuration, at {shown(place)}")
            elif len(self._told) < _STATED_MOST:
                self.scan.state(Reference(kind, clip_name(module), clip_name(name), used, member=self.scan.member))


def _listed(value: object) -> list[object]:
    """The values of a list that is one, not of a key that comes several times."""
    return value if isinstance(value, list) and not isinstance(value, Several) else []


def _texts_of(value: object) -> list[str]:
    """The texts of a value, or of the list that it is."""
    return [*texts(value), *(one for one in _listed(value) if isinstance(one, str))]


def _true(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.lower() in _TRUE)


def _pinned(value: dict[str, object], key: str) -> str:
    """The revision of a repository that stands beside its name, as `@REVISION`."""
    beside = (value.get("revision"), value.get(f"{key}_revision"))
    return next((f"@{text}" for one in beside for text in texts(one) if text), "")


def _components(value: object) -> Iterator[tuple[str, str]]:
    """A library and a class of it, where a value is both."""
    match value:
        case [str(library), str(name)] if _NAME.fullmatch(library) and _NAME.fullmatch(name):
            yield library, name
        case _:
            return


def _split(text: str, mark: str) -> tuple[str, str]:
    """Before and behind the mark: the first slash of a repository's name, the last dot of a class's."""
    owner, _, name = text.partition(mark) if mark == "/" else text.rpartition(mark)
    return owner, name
