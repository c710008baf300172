"""What no model file has business calling, by what it could do: packages beyond the standard library."""

from __future__ import annotations

from typing import Final

from scanners.rules.policy_table import Group

PACKAGES: Final[tuple[Group, ...]] = (
    Group(
        "exec_code",
        "interpreters, expression evaluators and template engines (threats.md 2.7)",
        "IPython.* ipykernel.* sympy.sympify sympy.parse_expr sympy.lambdify sympy.parsing.* "
        "sympy.core.sympify.* sympy.utilities.lambdify.* numexpr.* asteval.* PIL.ImageMath.* mako.* "
        "jinja2.* tornado.template.* chameleon.* Cython.* cython.* pyximport.* llvmlite.* triton.* "
        "cupy.RawModule cupy.RawKernel pycuda.* weave.* simpleeval.* execnet.* rpyc.*",
    ),
    Group(
        "exec_code",
        "numpy and pandas code that evaluates text (CVE-2025-71355, CVE-2025-71365, GHSA-r8g5-cgf2-4m4m)",
        "numpy.testing.* numpy.f2py.* numpy.lib._makenamedict numpy.lib._utils_impl._makenamedict "
        "numpy.lib.safe_eval numpy.lib._utils_impl.safe_eval pandas.eval pandas.core.computation.* "
        "pandas.DataFrame.query pandas.DataFrame.eval pandas.core.frame.DataFrame.query "
        "pandas.core.frame.DataFrame.eval pandas.util.testing.* pandas._testing.*",
    ),
    Group(
        "process",
        "whoever starts programs (threats.md 2.7)",
        "pexpect.* ptyprocess.* sh.* plumbum.* fabric.* paramiko.* psutil.Popen delegator.* "
        "joblib.testing.* joblib.externals.* loky.* numpy.distutils.*",
    ),
    Group(
        "import_or_resolve",
        "whoever turns text into a module or an attribute (threats.md T4; CVE-2026-71358)",
        "numpy._core._ufunc_reconstruct numpy._core.function_base.add_newdoc dill._dill._import_module "
        "dill._dill._getattribute dill._dill._get_attr dill._dill._eval_repr dill._dill._create_capsule "
        "dill.__diff.* cloudpickle.cloudpickle.subimport cloudpickle.cloudpickle.dynamic_subimport "
        "cloudpickle.cloudpickle._getattribute cloudpickle.cloudpickle._lookup_module_and_qualname "
        "torch._utils._import_dotted_name torch._logging.* torch.nn.utils._deprecation_utils.* "
        "torch.utils._pytree.treespec_loads torch.utils._pytree._defaultdict_deserialize "
        "torch.utils._pytree.enum_object_hook torch.utils._pytree._deque_deserialize "
        "torch._ops._Ops.import_module werkzeug.utils.import_string werkzeug.utils.find_modules "
        "django.utils.module_loading.* pydantic.utils.import_string pydantic.types.ImportString "
        "pydantic.v1.utils.import_string catalogue.* stevedore.* pluggy.* hydra.utils.* hydra._internal.* "
        "omegaconf.resolvers.* zope.dottedname.* traitlets.utils.importstring.* "
        "mmcv.utils.import_modules_from_strings six._import_module pandas.compat._optional.* lazy_loader.* "
        "transformers.utils.import_utils.* diffusers.utils.import_utils.* keras.src.utils.module_utils.* "
        "tensorflow.python.util.lazy_loader.* networkx.utils.lazy_imports.* nltk.corpus.util.* "
        "lightning_utilities.core.imports.* gymnasium.envs.registration.make gym.envs.registration.make gymnasium.make "
        "gym.make celery.* kombu.* twisted.python.reflect.* sqlalchemy.util.langhelpers.* scrapy.utils.misc.* "
        "detectron2.utils.registry.locate detectron2.config.instantiate.* fairseq.utils.import_user_module "
        "speechbrain.utils.importutils.* allennlp.common.util.import_module_and_submodules traitlets.import_item "
        "ldm.util.* dask.utils.import_required",
    ),
    Group(
        "attribute_primitive",
        "numpy functions that call what they are given (threats.md 2.7)",
        "numpy.vectorize numpy.frompyfunc numpy.apply_along_axis numpy.apply_over_axes numpy.piecewise "
        "numpy.fromfunction numpy.fromiter numpy.lib._function_base_impl.vectorize "
        "numpy.lib.function_base.vectorize",
    ),
    Group(
        "file_write_delete",
        "readers and writers of arrays, tables and tensors (modelscan #338: pandas.read_csv as exfiltration)",
        "numpy.save numpy.savez numpy.savez_compressed numpy.savetxt numpy.memmap "
        "numpy._core.memmap.memmap numpy.fromfile numpy._core.multiarray.fromfile numpy.genfromtxt "
        "numpy.loadtxt numpy.fromregex numpy.DataSource numpy.lib._datasource.* numpy.lib._npyio_impl.* "
        "numpy.lib._format_impl.* numpy.rec.fromfile numpy._core.records.fromfile numpy.ndarray.tofile "
        "numpy.ndarray.dump pandas.read_excel pandas.read_csv pandas.read_fwf pandas.read_table "
        "pandas.read_hdf pandas.read_sql pandas.read_sql_query pandas.read_sql_table pandas.read_clipboard "
        "pandas.read_parquet pandas.read_orc pandas.read_feather pandas.read_html pandas.read_xml "
        "pandas.read_json pandas.read_stata pandas.read_sas pandas.read_spss pandas.read_iceberg "
        "pandas.read_gbq pandas.read_msgpack pandas.HDFStore pandas.ExcelFile pandas.ExcelWriter "
        "pandas.io.* pandas.DataFrame.to_clipboard pandas.DataFrame.to_csv pandas.DataFrame.to_excel "
        "pandas.DataFrame.to_feather pandas.DataFrame.to_gbq pandas.DataFrame.to_hdf "
        "pandas.DataFrame.to_html pandas.DataFrame.to_iceberg pandas.DataFrame.to_json "
        "pandas.DataFrame.to_latex pandas.DataFrame.to_markdown pandas.DataFrame.to_orc "
        "pandas.DataFrame.to_parquet pandas.DataFrame.to_pickle pandas.DataFrame.to_sql "
        "pandas.DataFrame.to_stata pandas.DataFrame.to_string pandas.DataFrame.to_xml "
        "pandas.core.generic.NDFrame.to_pickle pandas.core.generic.NDFrame.to_csv torch.save "
        "torch.serialization.* torch.utils._content_store.* torch.UntypedStorage.from_file torch.from_file "
        "torch.cuda._memory_viz.* torch.cuda.memory._dump_snapshot torch.storage.UntypedStorage.from_file "
        "torch.FloatStorage.from_file h5py.File h5py._hl.files.* joblib.dump joblib.Memory joblib.memory.* "
        "joblib.numpy_pickle.dump "
        "PIL.Image.open cv2.imread cv2.imwrite pyarrow.parquet.* pyarrow.fs.* pyarrow.memory_map",
    ),
    Group(
        "deserialize",
        "whoever loads another pickle, and loaders as good as one (CVE-2023-47248, CVE-2021-37678)",
        "dill.* cloudpickle.* jsonpickle.* joblib.load joblib.numpy_pickle.load "
        "joblib.numpy_pickle_compat.* yaml.* ruamel.* sklearn.externals.* numpy.load "
        "numpy.lib._npyio_impl.load numpy.lib._npyio_impl.NpzFile numpy.lib._format_impl.read_array "
        "pandas.read_pickle pandas.io.pickle.* pandas.compat.pickle_compat.* torch.load "
        "torch.serialization.load torch.serialization._load torch.serialization._legacy_load "
        "torch.storage._load_from_bytes torch.jit.load torch.jit._serialization.* torch.hub.* "
        "torch.package.* torch.export.load torch.export.pt2_archive.* torch.utils.model_zoo.* "
        "torch.utils._config_module.* torch.utils.data.datapipes.* torch._export.* "
        "torch.distributed.checkpoint.* torch.distributed.optim.* torch.distributed.distributed_c10d.* "
        "torch.distributed._shard.checkpoint.* torch._C.import_ir_module torch._C.PyTorchFileReader",
    ),
    Group(
        "deserialize",
        "model loaders of the frameworks: each reads files or the network, and may run what it finds there",
        "keras.models.* keras.saving.* keras.src.saving.* keras.utils.get_file "
        "keras.src.utils.file_utils.* tf_keras.utils.get_file tf_keras.src.utils.data_utils.* "
        "tensorflow.keras.utils.get_file tensorflow.python.keras.utils.data_utils.* tf_keras.models.* "
        "tf_keras.saving.* tf_keras.src.saving.* tensorflow.keras.models.* "
        "tensorflow.python.keras.saving.* tensorflow.saved_model.* tensorflow.load_op_library "
        "tensorflow.load_library tensorflow.py_function tensorflow.numpy_function tensorflow.io.* "
        "tensorflow.python.lib.io.* tensorflow.python.framework.load_library.* "
        "tensorflow.python.ops.script_ops.* tensorflow.python.saved_model.* transformers.pipeline "
        "transformers.pipelines.pipeline transformers.dynamic_module_utils.* transformers.utils.hub.* "
        "diffusers.utils.dynamic_modules_utils.* datasets.load_dataset datasets.load.* huggingface_hub.* "
        "timm.create_model timm.models.create_model timm.models._factory.create_model timm.models._hub.* "
        "mlflow.* onnxruntime.* onnx.load onnx.external_data_helper.* spacy.load nltk.data.* nltk.download "
        "nltk.downloader.* gensim.utils.unpickle flair.file_utils.* fasttext.load_model bentoml.* "
        "skops.io.* faiss.read_index evaluate.load",
    ),
    Group(
        "network",
        "whoever talks to other machines (threats.md 2.7)",
        "urllib3.* requests.* requests_toolbelt.* aiohttp.* httpx.* httpx2.* httpcore.* websocket.* "
        "websockets.* dns.* boto3.* botocore.* aiobotocore.* s3fs.* gcsfs.* adlfs.* google.cloud.* azure.* "
        "fsspec.* smart_open.* gdown.* wget.* pycurl.* scapy.* gradio.* gradio_client.* openai.* "
        "anthropic.* tornado.* grpc.* redis.* pymongo.* psycopg2.* pymysql.* wandb.* comet_ml.* neptune.* "
        "clearml.* sklearn.datasets.* scipy.datasets.* torchvision.datasets.* torchaudio.datasets.* "
        "torchtext.datasets.* tensorflow_datasets.* kaggle.* kagglehub.* modelscope.hub.*",
    ),
    Group(
        "native",
        "machine code by name (threats.md 2.7)",
        "cffi.* _cffi_backend.* numpy.ctypeslib.* torch.ops.load_library torch.classes.load_library "
        "torch._ops._Ops.load_library torch._classes._Classes.load_library "
        "torch.cuda.memory.CUDAPluggableAllocator torch.xpu.memory.XPUPluggableAllocator "
        "torch.cuda.CUDAPluggableAllocator tensorflow.load_op_library tensorflow.load_library",
    ),
    Group(
        "exec_code",
        "what evaluates a text that it is given, in packages that models use "
        "(source: joblib/parallel.py:Parallel, CVE-2022-21797; joblib/_utils.py:eval_expr; sklearn/utils/_testing.py)",
        "joblib.Parallel joblib.parallel.Parallel joblib._utils.eval_expr sklearn.utils._testing.* "
        "sklearn.utils._build.* numba.pycc.*",
    ),
    Group(
        "deserialize",
        "loaders inside of packages that models use "
        "(source: numba/core/serialize.py:_numba_unpickle, statsmodels/iolib/smpickle.py:load_pickle, "
        "stable_baselines3/common/vec_env/base_vec_env.py:CloudpickleWrapper.__setstate__, spacy/tokens/doc.pyx, "
        "spacy/vocab.pyx:unpickle_vocab; multiprocess and pathos unpickle by dill)",
        "stable_baselines3.common.vec_env.base_vec_env.CloudpickleWrapper multiprocess.* pathos.* billiard.* "
        "spacy.tokens.doc.unpickle_doc spacy.vocab.unpickle_vocab srsly.* ray.cloudpickle.* ray._private.* "
        "numba.cloudpickle.* numba.core.serialize._unpickle__CustomPickled numba.core.serialize._numba_unpickle "
        "statsmodels.iolib.smpickle.* statsmodels.api.load statsmodels.iolib.api.load_pickle",
    ),
    Group(
        "exec_code",
        "numba compiles and runs what a file says; models that use it (umap, pynndescent) do hold its objects",
        "numba.*",
        severity="medium",
    ),
    Group(
        "file_write_delete",
        "readers and writers of numpy and joblib that the well-known functions go through (mined lists, 2026-11; "
        "source: numpy/_core/_methods.py:_dump, numpy/ma/mrecords.py:openfile, joblib/disk.py:delete_folder)",
        "numpy._core._methods._dump numpy._core.memmap.* numpy.ma.mrecords.openfile numpy.ma.mrecords.fromtextfile "
        "numpy.random._examples.* joblib._memmapping_reducer.* joblib._store_backends.* joblib.disk.* joblib.logger.* "
        "joblib.compressor.* joblib.backports.* joblib.numpy_pickle.load_temporary_memmap "
        "joblib.numpy_pickle._unpickle joblib.numpy_pickle.NumpyPickler joblib.numpy_pickle.NumpyUnpickler "
        "joblib.numpy_pickle_utils.*",
    ),
    Group(
        "attribute_primitive",
        "helpers of numpy and joblib that take an attribute by name and call it, or run what they are given "
        "(mined lists, 2026-11; numpy/_core/fromnumeric.py:_wrapfunc, numpy/ma/core.py:_frommethod, joblib/pool.py)",
        "numpy._core.fromnumeric._wrapfunc numpy._core.fromnumeric._wrapit numpy._core.fromnumeric._wrapreduction "
        "numpy._core.fromnumeric._wrapreduction_any_all numpy.ma.core._frommethod numpy.ma.core._arraymethod "
        "numpy.ma.core._convert2ma numpy._core._add_newdocs_scalars.* numpy._core.records.record.__setattr__ "
        "numpy.dtypes._add_dtype_helper numpy.lib._shape_base_impl.apply_along_axis "
        "numpy.lib._shape_base_impl.apply_over_axes numpy.lib.shape_base.apply_along_axis "
        "numpy.lib.shape_base.apply_over_axes numpy.ma.apply_along_axis numpy.ma.extras.apply_along_axis "
        "numpy.ma.extras.apply_over_axes numpy._core.numeric.fromfunction numpy.lib.recfunctions.apply_along_fields "
        "joblib.parallel.* joblib.pool.* joblib.executor.* joblib.hashing.* joblib._parallel_backends.* "
        "joblib._multiprocessing_helpers.* joblib._dask.* joblib.delayed joblib.wrap_non_picklable_objects",
    ),
    Group(
        "exec_code",
        "packages that write functions as text and run it (source: attr/_make.py:_compile_and_eval, "
        "decorator.py:FunctionMaker.make, sklearn's and torch's own are above)",
        "attr._make._compile_and_eval attr._make._linecache_and_compile attr._make._make_method decorator.* makefun.* "
        "boltons.funcutils.* formulaic.utils.stateful_transforms.* patsy.eval.EvalEnvironment.eval patsy.highlevel.* "
        "patsy.dmatrix patsy.dmatrices patsy.dmatrix_builder formulaic.model_matrix",
    ),
    Group(
        "network",
        "a callback that opens a listener for its workers when its state is set "
        "(source: sklearn/callback/_scoring_monitor.py:ScoringMonitor.__setstate__)",
        "sklearn.callback.*",
        severity="medium",
    ),
)
