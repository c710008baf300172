"""Names that are dangerous wherever they turn up, and the names that rebuild functions and classes."""

from __future__ import annotations

from typing import Final

from scanners.rules.policy_table import Group

REACHED: Final = frozenset(
    "os posix nt sys subprocess _posixsubprocess builtins __builtin__ __builtins__ ctypes _ctypes importlib runpy pty"
    " marshal".split()
)
"""Modules that a dotted name must not lead through, at any place: every attack ends in one of them."""

SINKS: Final = frozenset(
    "Popen check_output check_call getoutput getstatusoutput popen execv execve execvp execvpe spawnv spawnve spawnl"
    " posix_spawn fork_exec import_module resolve_name _import_dotted_name exec execfile __import__ urlopen urlretrieve"
    " CDLL PyDLL LoadLibrary dlopen runsource runcode run_path run_module"
    # scipy's distributions execute a text in these, also in the name of any class below them.
    " _construct_argparser _attach_argparser_methods _attach_methods".split()
)
"""Names that other modules import from those: `torch.hub.urlopen` is `urllib.request.urlopen`."""

FETCHES: Final = frozenset(("urlopen", "urlretrieve"))
"""Those of them that reach the network, and run nothing by themselves."""

IMPORTERS: Final = frozenset(
    "import_string import_object import_attr import_from_string import_class import_item import_optional_dependency"
    " import_submodule import_user_module import_module_and_submodules import_modules_from_strings load_object"
    " load_entry_point load_env_creator load_class_from_string locate dynamic_import lazy_import LazyModule _LazyModule"
    " LazyLoader LazyCorpusLoader _LazyImport _IntegrationModule _LazyUtilsModule"
    " get_obj_from_str instantiate_from_config symbol_by_name namedAny".split()
)
"""Names under which packages without number keep their way from a text to what it names."""

UNPICKLERS: Final = frozenset(
    "CloudpickleWrapper CloudPickleWrapper CloudpickledObjectWrapper read_pickle load_pickle pickle_load pickle_loads"
    " unpickle from_pickle load_state_dict_from_url".split()
)
"""Names under which they keep an unpickler: the wrappers are of vectorized environments, and load their state."""

LOADERS_OF_CLASSES: Final = frozenset(
    "load loads from_pretrained load_model load_from_checkpoint from_file from_disk from_url".split()
)
"""Methods that read what they are given from a disk or the network, and often unpickle it."""

FILE_METHODS: Final[tuple[tuple[str, str], ...]] = (
    ("numpy 2.4, ndarray; Python, array", "tofile dump fromfile"),
    ("torch 2.13, storages and modules", "save _write_file _save_for_lite_interpreter from_file"),
    (
        "pandas 3.1, DataFrame and Series",
        (
            "to_clipboard to_csv to_excel to_feather to_gbq to_hdf to_html to_iceberg to_json to_latex to_markdown"
            " to_orc"
            " to_parquet to_pickle to_sql to_stata to_string to_xml"
        ),
    ),
    (
        "xgboost 3.2, lightgbm 4.7, catboost 1.2",
        "save_model dump_model load_model _load_model save_borders plot_tree save_binary",
    ),
    (
        "gensim 4.4",
        (
            "save_as_text load_from_text save_word2vec_format load_word2vec_format"
            " intersect_word2vec_format _smart_save"
            " _save_specials save_facebook_model"
        ),
    ),
    ("transformers 5.23 and its hub", "save_pretrained push_to_hub _upload_modified_files save_vocabulary"),
    ("lightning 2.6, ModelCheckpoint", "to_yaml _save_checkpoint _remove_checkpoint _link_checkpoint save_checkpoint"),
    ("spaCy 3.8", "to_disk from_disk"),
    ("matplotlib 3.10, Figure", "savefig"),
    ("datasets 4.4", "save_to_disk"),
)
"""Methods of classes that are harmless themselves that write, read or send what they are given the name of: in which
library the signatures of all allowed classes were read for them, and their names.
"""

HANDLES_FILES: Final = frozenset(name for _, names in FILE_METHODS for name in names.split())

WALKS: Final = frozenset(
    "__globals__ __subclasses__ __code__ __closure__ __dict__ __mro__ __base__ __bases__ __func__ __self__ __class__"
    " __wrapped__ __loader__ __spec__ __getattribute__ __getattr__ __setattr__ __delattr__ __get__ __set__ __call__"
    " __setstate__ __reduce__ __reduce_ex__ __init_subclass__ __kwdefaults__"
    " __defaults__ __objclass__ f_globals f_builtins f_locals f_back f_code gi_frame gi_code cr_frame cr_code ag_frame"
    " ag_code tb_frame tb_next func_globals func_code im_func im_self im_class".split()
)
"""Attributes by which a chain walks from any object to any other."""

AMBIGUOUS_SINKS: Final = frozenset(
    "system open run call eval compile input spawn load loads getattr exec popen get write_text write_bytes unlink"
    " remove rmtree rename chmod kill fork".split()
)
"""Names of sinks that are also words: they count beside the name of a module, or in a resolver's hands."""

CODE_OBJECTS: Final = Group(
    "code_object",
    "constructors by which cloudpickle 3 and dill 0.4 rebuild functions and classes (threats.md 5.4)",
    "cloudpickle.cloudpickle._make_function cloudpickle.cloudpickle._builtin_type"
    " cloudpickle.cloudpickle._make_skeleton_class cloudpickle.cloudpickle._make_skeleton_enum"
    " cloudpickle.cloudpickle._class_setstate cloudpickle.cloudpickle._function_setstate"
    " cloudpickle.cloudpickle._make_cell cloudpickle.cloudpickle._make_empty_cell"
    " cloudpickle.cloudpickle._fill_function cloudpickle.cloudpickle._make_skel_func"
    " cloudpickle.cloudpickle._rehydrate_skeleton_class cloudpickle.cloudpickle._make_typevar"
    " cloudpickle.cloudpickle._make_dict_keys cloudpickle.cloudpickle._make_dict_values"
    " cloudpickle.cloudpickle._make_dict_items cloudpickle.cloudpickle._empty_cell_value"
    " cloudpickle.cloudpickle.instance"
    " cloudpickle.cloudpickle._get_dataclass_field_type_sentinel dill._dill._create_function"
    " dill._dill._create_code dill._dill._load_type"
    " dill._dill._create_cell dill._dill._create_type dill._dill._create_namedtuple dill._dill._create_array"
    " dill._dill._create_dtypemeta dill._dill._create_weakref dill._dill._setitems",
)
