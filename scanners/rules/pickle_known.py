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
