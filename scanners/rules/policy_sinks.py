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
    " LazyLoader LazyCorpusLoader get_obj_from_str instantiate_from_config symbol_by_name namedAny".split()
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
