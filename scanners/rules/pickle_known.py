"""Names that the pickle rules weigh by: well-known packages, a script's own names, what code objects should not use."""

from __future__ import annotations

from typing import Final

ML_ROOTS: Final = frozenset(
    "accelerate alignment allennlp autogluon axolotl bertopic bitsandbytes botorch catboost category_encoders chex clip"
    " deepspeed detectron2 dgl diffusers einops espnet espnet2 esm fairseq fairseq2 fastai fastcore fasttransform flair"
    " flash_attn flax gensim gpytorch gym gymnasium haiku hdbscan imblearn jax jaxlib joblib keras keras_preprocessing"
    " langchain langchain_community langchain_core lifelines lightgbm lightning lightning_fabric llama_index llava"
    " megatron ml_dtypes mmcv mmdet mmengine mmpose mmseg nemo networkx nltk numpy omegaconf open_clip openfold optax"
    " optimum pandas peft pmdarima prophet pyannote pynndescent pyro pytorch_lightning ray sb3_contrib scipy"
    " segment_anything sentence_transformers sentencepiece"
    " setfit shimmy simpletransformers sklearn sklearn_crfsuite sktime spacy"
    " speechbrain stable_baselines3 statsmodels swift tensorflow tf_keras thinc timm tokenizers torch torch_geometric"
    " torchao torchaudio torchmetrics torchrl torchtext torchvision transformers trl tslearn ultralytics umap whisper"
    " xgboost".split()
)
"""Packages of which an instance that nobody reviewed is an everyday thing in a model file (threats.md 2.5)."""

OWN: Final = frozenset(("__main__", "__mp_main__"))
"""The loader's own script: its classes are found there or nowhere."""

REBUILT: Final = frozenset(
    "cloudpickle.cloudpickle._make_function cloudpickle.cloudpickle._make_skel_func"
    " cloudpickle.cloudpickle._fill_function cloudpickle.cloudpickle._make_skeleton_class"
    " cloudpickle.cloudpickle._rehydrate_skeleton_class dill._dill._create_function dill._dill._create_type".split()
)
"""Constructors whose result runs the file's own code when it is called."""

RISKY_NAMES: Final = frozenset(
    "os system popen subprocess socket exec eval __import__ urllib requests ctypes open base64 marshal getattr builtins"
    " importlib pickle shutil pty sys globals compile".split()
)
"""What a function that travels in a pickle should not use (threats.md 5.4)."""

COMPUTES: Final = frozenset(
    f"operator.{name}"
    for name in (
        "abs add and_ concat contains countOf eq floordiv ge gt index indexOf inv invert is_ is_not le length_hint"
        " lshift lt matmul mod mul ne neg not_ or_ pos pow rshift sub truediv truth xor iadd iand iconcat"
        " ifloordiv ilshift imatmul imod imul ior ipow irshift isub itruediv ixor"
    ).split()
) | frozenset(("builtins.filter", "builtins.map", "builtins.max", "builtins.min", "builtins.print", "builtins.sorted"))
"""Functions that do no more than what they are called for: named, or handed on, they are as good as `sum`. Each is
judged where it is called, and so is what is handed over beside it."""

OS_ACTS: Final = frozenset(
    "abort access add_dll_directory chdir chflags chmod chown chroot close closerange confstr copy_file_range dup"
    " dup2 eventfd execl execle execlp execlpe execv execve execvp execvpe fchdir fchmod fchown fdopen fork forkpty"
    " ftruncate getxattr kill killpg lchflags lchmod lchown link lockf login_tty makedev makedirs memfd_create mkdir"
    " mkfifo mknod open openpty pipe pipe2 popen posix_openpt posix_spawn posix_spawnp pread preadv ptsname putenv"
    " pwrite pwritev read readlink readv register_at_fork remove removedirs removexattr rename renames replace rmdir"
    " sendfile setegid seteuid setgid setgroups setns setpgid setpriority setregid setresgid setresuid setreuid setsid"
    " setuid setxattr spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe splice startfile symlink system"
    " truncate umask unlink unsetenv unshare utime write writev"
    # The modules that `os` is made of, and other ways to an attribute.
    " posix nt sys st abc modules __dict__ __builtins__ __getattribute__ attrgetter methodcaller vars _exit _execvpe"
    " _spawnvef _wrap_close".split()
)
"""What is reached through `os` that acts on files, processes or the system (CPython 3.14). Code that names none of them
uses `os` for paths and the environment."""
