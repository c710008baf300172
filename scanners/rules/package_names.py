"""Names of Python packages that a look-alike would want to be taken for.

Source: the requirements (`Requires-Dist`, extras included) of 385 distributions that Hub repositories are used with,
such as transformers 5.23, diffusers 0.42, tensorflow 2.21, torch 2.13 and what those need, of 24 November 2026: what
three or more of them require, and what model cards have installed. Normalised as PEP 503 says, five letters and more.
"""

from __future__ import annotations

from typing import Final

WANTED: Final = frozenset(
    "absl-py accelerate aiohttp albumentations ale-py anthropic anyio attrs auto-gptq autoawq azure-storage-blob "
    "backports-zstd basicsr beautifulsoup4 bitsandbytes black blobfile boto3 brotli brotlicffi build catalogue "
    "catboost celery certifi charset-normalizer check-manifest chromadb click cloudpickle cohere colorama colossalai "
    "confection controlnet-aux coverage coveralls cryptography ctranslate2 cupy-cuda12x cymem cython datasets decord "
    "deepspeed defusedxml detectron2 diffusers discord-py distributed django docutils duckdb easydict einops evaluate "
    "exceptiongroup facexlib faiss-cpu faiss-gpu fastapi fastcore faster-whisper fastmcp fasttext filelock flake8 "
    "flake8-black flake8-isort flash-attn flask flatbuffers freezegun fsspec fvcore gcsfs gdown gensim gfpgan "
    "gitpython google-api-core google-auth google-cloud-storage google-crc32c googleapis-common-protos gradio grain "
    "graphviz grpcio grpcio-status gymnasium hf-doc-builder html5lib httpx httpx2 huggingface-hub huggingface-sb3 "
    "hydra-core hypothesis imageio imageio-ffmpeg importlib-metadata importlib-resources insightface iopath ipykernel "
    "ipython ipywidgets isort itsdangerous jaraco-functools jaraco-packaging jaraco-test jaraco-tidelift jaxlib jieba "
    "jinja2 joblib jsonargparse jsonschema jupyter kagglehub keras keras-hub keras-nlp kornia langchain "
    "langchain-core libcst librosa lightgbm lightning lightning-utilities llama-cpp-python loguru lpips matplotlib "
    "mediapipe memory-profiler meson ml-dtypes mlflow mmengine more-itertools moviepy mpmath msgpack multidict "
    "murmurhash mypy-extensions myst-nb myst-parser narwhals ninja numba numpy numpydoc nvidia-cublas "
    "nvidia-nccl-cu12 nvidia-nvjitlink omegaconf onnxruntime onnxruntime-gpu open-clip-torch openai openai-whisper "
    "opencv-contrib-python opencv-python opencv-python-headless opentelemetry-api opentelemetry-sdk openvino "
    "opt-einsum optimum optree orjson packaging pandas parameterized paramiko pep8-naming phonemizer pillow plotly "
    "plum-dispatch polars pooch pre-commit proto-plus protobuf psutil psycopg2-binary py-cpuinfo py7zr pyannote-audio "
    "pyarrow pycocotools pycodestyle pycryptodome pydantic pydata-sphinx-theme pydub pygments pyink pyjwt pylint "
    "pymongo pyopenssl pyparsing pypinyin pytest pytest-asyncio pytest-benchmark pytest-checkdocs pytest-cov "
    "pytest-enabler pytest-env pytest-mock pytest-mypy pytest-random-order pytest-rerunfailures pytest-ruff "
    "pytest-subtests pytest-timeout pytest-xdist python-dateutil python-dotenv python-multipart python-telegram-bot "
    "pytorch-fid pytorch-lightning pyyaml readme-renderer realesrgan redis referencing regex rembg requests "
    "rouge-score rst-linker sacrebleu safetensors sb3-contrib scikit-image scikit-learn scikit-video scipy scrapy "
    "seaborn segment-anything selenium sentence-transformers sentencepiece setuptools setuptools-rust skops "
    "smart-open socksio soundfile spacy speechbrain sphinx sphinx-autobuild sphinx-autodoc-typehints "
    "sphinx-book-theme sphinx-copybutton sphinx-design sphinx-gallery sphinx-lint sphinx-rtd-theme "
    "sphinxext-opengraph sqlalchemy sqlparse srsly stable-baselines3 starlette statsmodels streamlit sympy tabulate "
    "tensorboard tensorboardx tensorflow tensorflow-cpu tensorflow-datasets tensorflow-gpu tensorflow-hub "
    "tensorflow-io-gcs-filesystem tensorflow-text tensorstore termcolor threadpoolctl tiktoken tokenizers tomli "
    "tomli-w tomlkit torch torchao torchaudio torchdiffeq torchmetrics torchvision transformers triton twine typer "
    "types-psutil types-pyyaml types-requests types-setuptools typing-extensions tzdata ultralytics unidecode urllib3 "
    "virtualenv uvicorn wandb wasabi watchfiles webdataset wheel wrapt xarray xformers xgboost zensical "
    "zstandard".split()
)
NEIGHBOURS: Final = frozenset(
    "attr boto cattrs cupy-cuda11x dython einop fastai httpx-sse jaraco-text jinja mypy nvidia-nccl-cu13 "
    "opencv-contrib-python-headless pyaml pycryptodomex rjieba scapy simpy tensorrt tokenize-rt toml torchx".split()
)
"""Honest packages whose names are that near to one of those."""


_SORTED: Final = sorted(WANTED)


def mistaken_for(name: str) -> str | None:
    """The package that this name is one slip away from: a letter, two that changed places, a hyphen; None for none."""
    if name in WANTED or name in NEIGHBOURS:
        return None
    joined = name.replace("-", "")
    return next((each for each in _SORTED if _near(name, each) or joined == each.replace("-", "")), None)


def _near(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1:
        return False
    begin = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    one, other = one[begin:], other[begin:]
    end = next((at for at, (a, b) in enumerate(zip(one[::-1], other[::-1], strict=False)) if a != b), None)
    end = min(len(one), len(other)) if end is None else end
    one, other = one[: len(one) - end], other[: len(other) - end]
    return (len(one) <= 1 and len(other) <= 1) or (len(one) == 2 and one == other[::-1])
