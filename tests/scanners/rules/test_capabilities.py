"""The checklist of capabilities: what could run code, reach out or find either is denied, and weighs what it should.

A line says how much its entries weigh at least. `module.*` stands for the module and all below it, so it is tried
with names that nobody has thought of yet; a dotted name stands for itself.
"""

import pytest

from scanners.findings import SEVERITIES
from scanners.rules.policy import Policy
from scanners.rules.policy_names import VENDORED, canonical_path, spellings

POLICY = Policy.default()

CHECKLIST = {
    ("builtins that run code", "critical"): """
        builtins.eval builtins.exec builtins.compile builtins.__import__ builtins.execfile builtins.breakpoint builtins.input
        builtins.apply builtins.__build_class__ builtins.globals builtins.locals builtins.vars builtins.help""",
    ("modules that run code", "critical"): """
        code.* codeop.* runpy.* pdb.* bdb.* cProfile.* profile.* trace.* timeit.* doctest.* pydoc.* rlcompleter.* idlelib.*
        lib2to3.* turtle.* modulefinder.* inspect.* unittest.* multiprocessing.* logging.config.* marshal.* _interpreters.*
        _xxsubinterpreters.* concurrent.interpreters.* IPython.* ipykernel.* IPython.utils.* numexpr.* asteval.*
        mako.* jinja2.* tornado.template.* chameleon.* numpy.testing.* numpy.f2py.* pandas.core.computation.* cython.*
        pyximport.* llvmlite.* triton.* pycuda.* cffi.* weave.* sympy.parsing.*""",
    ("functions that run code", "critical"): """
        optparse.Values.read_file optparse.Values.read_module tkinter.Tk.readprofile tkinter.Tcl typing.ForwardRef._evaluate
        typing._eval_type typing.get_type_hints dataclasses._create_fn dataclasses.make_dataclass gettext.c2py
        inspect.getattr_static inspect._signature_fromstr unittest.mock._set_signature unittest.mock._importer
        test.support.script_helper.assert_python_ok multiprocessing.managers.MakeProxyType multiprocessing.spawn.prepare
        multiprocessing.spawn._fixup_main_from_path multiprocessing.sharedctypes.make_property logging.config.fileConfig
        logging.config.dictConfig logging.config._install_handlers logging.config._resolve types.CodeType types.FunctionType
        types.LambdaType types.ModuleType types.MethodType types.new_class sympy.sympify sympy.parse_expr sympy.lambdify
        PIL.ImageMath.eval PIL.ImageMath.unsafe_eval PIL.ImageMath.lambda_eval numpy.testing._private.utils.runstring
        numpy.testing._private.utils.measure numpy.testing._private.extbuild.build_and_import_extension
        numpy.f2py.crackfortran.getlincoef numpy.f2py.crackfortran._eval_length numpy.f2py.crackfortran.myeval
        numpy.f2py.crackfortran.param_eval numpy.lib._makenamedict numpy.lib.utils._makenamedict numpy.lib.safe_eval
        pandas.eval pandas.DataFrame.query pandas.DataFrame.eval cupy.RawModule cupy.RawKernel code.InteractiveConsole
        code.InteractiveInterpreter.runcode code.InteractiveInterpreter.runsource cProfile.run cProfile.runctx trace.Trace.run
        trace.Trace.runctx doctest.debug_script pydoc.locate pydoc.pipepager pydoc.importfile pydoc.safeimport
        idlelib.autocomplete.AutoComplete.get_entity idlelib.autocomplete.AutoComplete.fetch_completions
        idlelib.calltip.Calltip idlelib.calltip.get_entity idlelib.debugobj.ObjectTreeItem.SetText idlelib.rpc.unpickle_code
        idlelib.pyshell.ModifiedInterpreter.runcode idlelib.pyshell.ModifiedInterpreter.runcommand
        idlelib.run.Executive.runcode lib2to3.pgen2.grammar.Grammar.loads
        lib2to3.pgen2.pgen.ParserGenerator.make_label""",
    ("code that numba compiles, which umap's models hold", "medium"): "numba.*",
    ("modules that start programs", "critical"): """
        os.* posix.* nt.* subprocess.* _posixsubprocess.* _winapi.* commands.* popen2.* pty.* pexpect.* sh.* plumbum.* fabric.*
        paramiko.* asyncio.* _osx_support.* _aix_support.* _bootsubprocess.* _sysconfigdata.* _pyrepl.* pipes.* mailcap.*
        distutils.* setuptools.* setuptools._distutils.* pkg_resources.* numpy.distutils.* ensurepip.* pip.* venv.*
        virtualenv.* conda.* uv.* joblib.testing.* joblib.externals.* torch.utils.collect_env.* torch.utils.cpp_extension.*
        torch._inductor.* torch._dynamo.* torch.utils.bottleneck.* torch.distributed.run.* torch.distributed.launcher.*
        torch.distributed.launch.* torch.distributed.elastic.* torch.distributed.rpc.* torch.distributed.nn.jit.*""",
    ("functions that start programs", "critical"): """
        psutil.Popen platform.popen platform._syscmd_file platform._syscmd_ver uuid._get_command_stdout uuid._popen
        uuid._ifconfig_getter uuid._arp_getter uuid._netstat_getter imaplib.IMAP4_stream webbrowser.GenericBrowser
        webbrowser.BackgroundBrowser asyncio.unix_events._UnixSubprocessTransport._start _pyrepl.pager.pipe_pager
        _pyrepl.pager.tempfile_pager pipes.Template distutils.spawn.spawn distutils.file_util.write_file
        distutils.core.run_setup numpy.distutils.cpuinfo.getoutput numpy.distutils.exec_command.exec_command
        numpy.distutils.misc_util.exec_mod_from_location pip.main ensurepip._run_pip torch.utils.collect_env.run
        torch.utils.collect_env.run_and_read_all torch._inductor.codecache.compile_file torch._dynamo.guards.GuardBuilder.get
        torch.utils.bottleneck.__main__.run_cprofile torch.utils.bottleneck.__main__.run_autograd_prof""",
    ("whoever imports or resolves by text", "critical"): """
        importlib.* imp.* zipimport.* pkgutil.* _frozen_importlib.* _frozen_importlib_external.* _imp.* site.* sitecustomize.*
        copyreg.add_extension copyreg.pickle copyreg.constructor copyreg.remove_extension numpy.core._ufunc_reconstruct
        numpy._core._ufunc_reconstruct numpy.core.function_base.add_newdoc warnings._getcategory dill._dill._import_module
        dill._dill._getattribute dill._dill._get_attr dill._dill._eval_repr dill._dill._create_capsule
        cloudpickle.cloudpickle.subimport cloudpickle.cloudpickle.dynamic_subimport cloudpickle.cloudpickle._getattribute
        torch._utils._import_dotted_name torch._logging.* torch.nn.utils._deprecation_utils.lazy_deprecated_import
        torch.utils._pytree._defaultdict_deserialize werkzeug.utils.import_string
        django.utils.module_loading.import_string pydantic.utils.import_string catalogue.* stevedore.* pluggy.*""",
    ("small tools of chains", "high"): """
        builtins.getattr builtins.setattr builtins.delattr builtins.super builtins.property builtins.object.__getattribute__
        builtins.map builtins.filter builtins.sorted builtins.min builtins.max operator.* _operator.* functools.reduce
        functools.partial functools.partialmethod functools.singledispatch functools.cached_property functools.lru_cache
        functools.wraps itertools.starmap itertools.accumulate itertools.groupby itertools.filterfalse itertools.takewhile
        itertools.dropwhile gc.* weakref.* atexit.* signal.* _signal.* threading.* _thread.* sched.* contextlib.*
        concurrent.futures.* sys.* numpy.vectorize numpy.frompyfunc numpy.apply_along_axis numpy.apply_over_axes
        numpy.piecewise numpy.fromfunction numpy.fromiter""",
    ("whoever opens, writes or deletes files", "high"): """
        builtins.open io.open io.FileIO io.open_code io.TextIOWrapper _io.open _io.FileIO codecs.open _pyio.open pathlib.Path.open
        pathlib.PosixPath.write_text pathlib.Path.write_text pathlib.Path.write_bytes pathlib.Path.unlink pathlib.Path.touch
        pathlib.Path.rename pathlib.Path.symlink_to shutil.* tempfile.* fileinput.* filecmp.* glob.* mmap.* tarfile.* zipfile.*
        zipapp.* gzip.* bz2.* lzma.* shelve.* dbm.* sqlite3.* py_compile.* compileall.* netrc.* mailbox.* linecache.*
        xml.etree.* xml.dom.* logging.FileHandler logging.handlers.* logging.basicConfig numpy.save numpy.savez
        numpy.savetxt numpy.memmap numpy.fromfile numpy.ndarray.tofile numpy.genfromtxt numpy.loadtxt
        numpy.lib._datasource.* numpy.core.records.fromfile pandas.read_csv pandas.read_json pandas.read_excel pandas.io.*
        pandas.DataFrame.to_csv pandas.DataFrame.to_pickle torch.save torch.serialization.* torch.utils._content_store.*
        torch.UntypedStorage.from_file torch.from_file torch.cuda._memory_viz.* pstats.* tracemalloc.* uu.*""",
    ("whoever unpickles", "critical"): """
        pickle.* _pickle.* cPickle.* dill.* cloudpickle.* joblib.load joblib.numpy_pickle.load joblib.numpy_pickle_compat.*
        shelve.* marshal.* jsonpickle.* yaml.load yaml.unsafe_load yaml.full_load ruamel.* numpy.load numpy.lib.npyio.load
        numpy.lib.format.read_array numpy.lib._npyio_impl.load pandas.read_pickle pandas.io.pickle.read_pickle
        pandas.compat.pickle_compat.load torch.load torch.serialization.load torch.storage._load_from_bytes torch.jit.load
        torch.hub.* torch.package.* torch.export.load torch.utils.model_zoo.load_url torch.utils._config_module.*
        torch.utils.data.datapipes.* torch._export.* torch.distributed.checkpoint.* torch.distributed.optim.*
        keras.models.load_model keras.saving.load_model tensorflow.saved_model.load tensorflow.load_op_library
        tensorflow.load_library tensorflow.py_function tensorflow.numpy_function tensorflow.io.* keras.utils.get_file
        keras.models.model_from_json transformers.pipeline datasets.load_dataset huggingface_hub.snapshot_download
        timm.create_model mlflow.* onnxruntime.InferenceSession spacy.load nltk.data.load gensim.utils.unpickle
        fasttext.load_model""",
    ("tensors from another process", "medium"): "torch.multiprocessing.reductions.*",
    ("whoever talks to other machines", "high"): """
        socket.* _socket.* ssl.* _ssl.* http.* httplib.* urllib.* urllib2.* urllib3.* requests.* aiohttp.* httpx.* websocket.*
        ftplib.* smtplib.* poplib.* imaplib.* nntplib.* telnetlib.* xmlrpc.* socketserver.* asyncore.* select.* selectors.*
        wsgiref.* dns.* boto3.* botocore.* google.cloud.* azure.* fsspec.* smart_open.* gdown.* wget.* pycurl.* scapy.*
        gradio_client.* openai.* anthropic.* webbrowser.* antigravity.* logging.handlers.HTTPHandler
        logging.handlers.SocketHandler logging.handlers.SMTPHandler logging.handlers.SysLogHandler
        logging.handlers.DatagramHandler torch.utils.model_zoo.* sklearn.datasets.* scipy.datasets.* torchvision.datasets.*""",
    ("machine code", "critical"): """
        ctypes.* _ctypes.* cffi.* numpy.ctypeslib.load_library torch.ops.load_library torch.classes.load_library
        torch._ops._Ops.load_library torch.cuda.memory.CUDAPluggableAllocator torch.xpu.memory.XPUPluggableAllocator
        torch.utils.cpp_extension.load""",
    ("whoever tells about this machine", "medium"): """
        getpass.* platform.* resource.* pwd.* grp.* sysconfig.* locale.* syslog.* winreg.* _winreg.* msvcrt.* readline.* this.*""",
    (
        "the inside of scanners",
        "critical",
    ): "picklescan.* modelscan.* fickling.* modelaudit.* model_unpickler.* saferpickle.*",
}


def _entries():
    for (about, severity), names in CHECKLIST.items():
        for entry in names.split():
            yield pytest.param(entry, severity, id=f"{about}: {entry}")


def _named(path):
    """The names by which a path may be asked for: any of its dots may be the one between module and name."""
    parts = path.split(".")
    return [(".".join(parts[:n]), ".".join(parts[n:])) for n in range(1, len(parts))]


@pytest.mark.parametrize(("entry", "least"), list(_entries()))
def test_what_the_checklist_names_is_denied(entry, least):
    module = entry.removesuffix(".*")
    paths = [f"{module}.anything", f"{module}.deep.inside.anything"] if entry.endswith(".*") else [entry]
    for path in paths:
        copied = path.startswith(VENDORED)
        for spelled in {path} if copied else spellings(canonical_path(path)) | {path}:
            for pair in _named(spelled):
                decision = POLICY.decide(*pair)
                assert decision.kind == "deny", pair
                assert SEVERITIES.index(decision.severity) >= SEVERITIES.index(least), (pair, decision)
                assert len(decision.source) > 10
