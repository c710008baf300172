"""The policy's tables: what is denied is denied in every spelling, what is allowed is allowed exactly."""

import keyword
from pathlib import Path

import pytest

from scanners.findings import SEVERITIES
from scanners.rules.policy import ALLOW, DENY, Policy
from scanners.rules.policy_gadgets import ADVISED, STDLIB_GADGETS, TORCH_GADGETS
from scanners.rules.policy_names import ALIASES, canonical, canonical_path, spellings
from scanners.rules.policy_sinks import CODE_OBJECTS, REACHED
from scanners.rules.policy_table import WEIGHT

POLICY = Policy.default()

# Every callable that a public advisory or proof of concept names (threats.md 2.7).
CRITICAL = """
builtins:eval builtins:exec builtins:compile builtins:__import__ builtins:breakpoint code:InteractiveInterpreter.runcode
code:InteractiveConsole code:InteractiveInterpreter.runsource runpy:run_path runpy:_run_code pdb:run cProfile:run
cProfile:runctx profile:run profile:Profile.runctx trace:Trace.run trace:Trace.runctx timeit:timeit doctest:debug_script
pydoc:locate pydoc:pipepager pydoc:importfile pydoc:safeimport idlelib.autocomplete:AutoComplete.get_entity
idlelib.autocomplete:AutoComplete.fetch_completions idlelib.calltip:Calltip.fetch_tip idlelib.debugobj:ObjectTreeItem.SetText
idlelib.pyshell:ModifiedInterpreter.runcode idlelib.run:Executive.runcode idlelib.rpc:unpickle_code
lib2to3.pgen2.grammar:Grammar.loads lib2to3.pgen2.pgen:ParserGenerator.make_label inspect:getattr_static
test.support.script_helper:assert_python_ok multiprocessing.managers:MakeProxyType multiprocessing.util:spawnv_passfds
logging.config:dictConfig logging.config:_resolve types:CodeType types:FunctionType marshal:loads
_interpreters:run_string numpy.testing._private.utils:runstring numpy.testing._private.utils:measure
numpy.testing._private.extbuild:build_and_import_extension numpy.f2py.crackfortran:getlincoef
numpy.f2py.crackfortran:_eval_length numpy.f2py.crackfortran:myeval numpy.f2py.crackfortran:param_eval
os:system os:popen os:execv subprocess:Popen subprocess:check_output pty:spawn
asyncio.unix_events:_UnixSubprocessTransport._start uuid:_get_command_stdout _osx_support:_read_output
_aix_support:_read_cmd_output _pyrepl.pager:pipe_pager _pyrepl.pager:tempfile_pager imaplib:IMAP4_stream pipes:Template
distutils.spawn:spawn distutils.file_util:write_file distutils.core:run_setup numpy.distutils.cpuinfo:getoutput
numpy.distutils.exec_command:exec_command numpy.distutils.misc_util:exec_mod_from_location pip:main
pip._internal.cli.main:main ensurepip:_run_pip webbrowser:GenericBrowser webbrowser:BackgroundBrowser
torch.utils.collect_env:run torch.utils.collect_env:run_and_read_all torch._inductor.codecache:compile_file
torch._dynamo.guards:GuardBuilder.get torch.utils.bottleneck.__main__:run_cprofile
torch.utils.bottleneck.__main__:run_autograd_prof torch.jit.unsupported_tensor_ops:execWrapper
torch.fx.experimental.symbolic_shapes:ShapeEnv.evaluate_guards_expression importlib:import_module
importlib.machinery:SourceFileLoader pkgutil:resolve_name copyreg:add_extension dill._dill:_eval_repr
cloudpickle.cloudpickle:subimport numpy.core:_ufunc_reconstruct torch._utils:_import_dotted_name
torch._dynamo.trace_rules:_load_obj_from_str pickle:loads pickle:load dill:loads joblib:load numpy:load torch:load
torch.storage:_load_from_bytes torch.utils._config_module:ConfigModule.load_config
torch.utils.data.datapipes.utils.decoder:basichandlers torch.hub:load ctypes:CDLL ctypes:cdll.LoadLibrary
torch.ops:load_library torch.cuda.memory:CUDAPluggableAllocator unittest.mock:_importer picklescan.scanner:_unsafe_globals
modelscan.settings:DEFAULT_SETTINGS fickling.analysis:check_safety joblib.testing:check_subprocess_call
""".split()
HIGH = """
operator:attrgetter operator:itemgetter operator:methodcaller operator:call weakref:finalize atexit:register
threading:Thread signal:signal sys:settrace functools:partial functools:reduce builtins:getattr builtins:setattr
builtins:map builtins:open io:open io:FileIO codecs:open pathlib:Path.write_text pathlib:PosixPath.unlink shutil:rmtree
py_compile:compile logging:FileHandler logging.handlers:HTTPHandler tempfile:mktemp numpy:save numpy:memmap
pandas:read_csv torch:save torch.serialization:save ssl:get_server_certificate urllib.request:urlopen requests:get
requests.api:get aiohttp.client:request smtplib:SMTP nntplib:NNTP socketserver:TCPServer socket:create_connection
http.client:HTTPSConnection httplib:HTTPSConnection webbrowser:open ftplib:FTP telnetlib:Telnet
sklearn.datasets:fetch_openml
""".split()
MEDIUM = "getpass:getuser platform:node pwd:getpwnam locale:getlocale resource:getrlimit".split()


def _at_least(names, severity):
    return [pytest.param(*name.split(":"), severity, id=name) for name in names]


@pytest.mark.parametrize(
    ("module", "name", "least"),
    [*_at_least(CRITICAL, "critical"), *_at_least(HIGH, "high"), *_at_least(MEDIUM, "medium")],
)
def test_every_known_gadget_is_denied_in_every_spelling(module, name, least):
    for spelled in spellings(canonical_path(module)) | {module}:
        decision = POLICY.decide(spelled, name)
        assert decision.kind == "deny", f"{spelled} {name}"
        assert SEVERITIES.index(decision.severity) >= SEVERITIES.index(least), f"{spelled} {name}: {decision}"
        assert decision.source


@pytest.mark.parametrize(
    "spelled",
    [
        ("posix", "system"),
        ("nt", "system"),
        ("_pickle", "loads"),
        ("cPickle", "loads"),
        ("_io", "open"),
        ("_pyio", "open"),
        ("__builtin__", "eval"),
        ("__builtins__", "eval"),
        ("_operator", "attrgetter"),
        ("_socket", "socket"),
        ("_ssl", "SSLContext"),
        ("_ctypes", "dlopen"),
        ("_thread", "start_new_thread"),
        ("_posixsubprocess", "fork_exec"),
        ("_winapi", "CreateProcess"),
        ("commands", "getoutput"),
        ("urllib", "urlopen"),
        ("urllib2", "urlopen"),
        ("_frozen_importlib", "__import__"),
        ("numpy._core", "_ufunc_reconstruct"),
        ("setuptools._distutils.spawn", "spawn"),
        ("numpy.lib._npyio_impl", "load"),
        ("pip._vendor.requests.api", "get"),
        ("joblib.externals.cloudpickle.cloudpickle", "subimport"),
        ("torch._vendor.packaging", "os.system"),
        ("six.moves.builtins", "eval"),
        ("pathlib", "os.system"),
        ("torch.foo", "sys.modules"),
        ("logging", "os.getcwd"),
        ("numpy", "__builtins__"),
        ("any.module", "Class.__init__.__globals__"),
        ("torch.hub", "urlopen"),
        ("a.b", "x.subprocess.run"),
        ("a.b", "x." * 300 + "os.system"),
        ("random", "_os.system"),
        ("random", "_os"),
        ("collections", "_sys.modules"),
        ("statsmodels.base.data", "pd.eval"),
        ("acme", "np.ctypeslib.load_library"),
        ("torch.nn.modules.linear", "Linear.forward.func_globals"),
        ("acme.imports", "LazyModule"),
        ("acme.envs", "CloudpickleWrapper"),
        ("gensim.models.word2vec", "Word2Vec.load"),
        ("scipy.stats._continuous_distns", "norm_gen._construct_argparser"),
        ("builtins", "object.__setattr__"),
        ("acme.net", "Client.__call__"),
        ("a.b", "x." * 300 + "code.interact"),
    ],
    ids=lambda pair: ".".join(pair)[-60:],
)
def test_detours_to_a_sink_are_denied(spelled):
    assert POLICY.decide(*spelled).kind == "deny"


@pytest.mark.parametrize(
    ("name", "capability", "severity"),
    [
        ("urlopen", "network", "high"),
        ("import_string", "import_or_resolve", "critical"),
        ("read_pickle", "deserialize", "critical"),
        ("Net.from_pretrained", "deserialize", "high"),
        ("Net.__setstate__", "attribute_primitive", "high"),
        ("getoutput", "exec_code", "critical"),
    ],
)
def test_a_name_that_is_known_wherever_it_stands_says_what_it_could_do(name, capability, severity):
    found = POLICY.decide("acme.models", name)
    assert (found.capability, found.severity) == (capability, severity)


def allowed_names():
    return [(module, name) for group in ALLOW for module, names in group.names.items() for name in names.split()]


def test_every_allowed_name_is_allowed():
    wrong = {pair: POLICY.decide(*pair) for pair in allowed_names() if POLICY.decide(*pair).kind != "allow"}
    assert not wrong


def test_allowed_names_are_written_in_their_canonical_spelling():
    wrong = [pair for pair in allowed_names() if canonical(*pair) != pair]
    assert not wrong


def test_allowed_names_are_exact():
    for module, name in allowed_names():
        assert "*" not in module + name
        assert name.isidentifier()
        assert all(part.isidentifier() and not keyword.iskeyword(part) for part in module.split("."))


def test_no_allowed_name_is_a_denied_one():
    denied = {
        spelled
        for group in DENY
        for entry in group.entries()
        if not entry.endswith(".*")
        for spelled in spellings(canonical_path(entry))
    }
    assert not denied & {f"{module}.{name}" for module, name in allowed_names()}


def test_no_allowed_module_is_one_that_attacks_go_through():
    # Of builtins only constructors, by name; of the others nothing at all.
    for module, _ in allowed_names():
        assert module == "builtins" or REACHED.isdisjoint(module.split(".")), module


@pytest.mark.parametrize(("module", "name"), [("torch", "FloatStorage"), ("pathlib", "Path"), ("builtins", "dict")])
@pytest.mark.parametrize("tail", [".__init__", ".__init__.__globals__", ".fromkeys", ".x"])
def test_a_dotted_name_is_never_allowed(module, name, tail):
    assert POLICY.decide(module, name).kind == "allow"
    assert POLICY.decide(module, name + tail).kind != "allow"


def test_no_allowed_name_is_allowed_with_something_behind_it():
    assert {POLICY.decide(module, f"{name}.x").kind for module, name in allowed_names()} <= {"deny", "unknown"}


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("logging", "getLogger"),
        ("uuid", "UUID"),
        ("pathlib", "PosixPath"),
        ("joblib.numpy_pickle", "NumpyArrayWrapper"),
    ],
)
def test_an_exact_name_is_allowed_below_a_denied_module(module, name):
    assert POLICY.decide(module, name).kind == "allow"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("numpy", "trace"),
        ("my_package.io", "Reader"),
        ("my_package.code", "Encoder"),
        ("test", "Net"),
        ("models.experimental", "attempt_load"),
        ("osmium", "system_of"),
        ("acme.data", "load"),
        ("acme.models", "Net.forward"),
    ],
)
def test_a_name_that_only_resembles_a_denied_one_is_unknown(module, name):
    assert POLICY.decide(module, name).kind == "unknown"


def test_an_exact_denial_never_softens_a_denied_module():
    below = {e.removesuffix(".*"): g for g in DENY for e in g.entries() if e.endswith(".*")}
    for group in DENY:
        if group is CODE_OBJECTS:
            continue
        for entry in group.entries():
            module, _, name = entry.rpartition(".")
            if entry.endswith(".*") or module not in below:
                continue
            least = below[module].severity or WEIGHT[below[module].capability]
            found = POLICY.decide(module, name)
            assert SEVERITIES.index(found.severity) >= SEVERITIES.index(least), entry


def test_every_group_says_where_it_comes_from():
    assert all(len(group.source) > 10 and group.entries() for group in DENY)
    assert all(len(group.source) > 10 and group.names for group in ALLOW)


def test_tables_hold_no_name_twice():
    names = allowed_names()
    assert len(names) == len(set(names))
    for group in DENY:
        assert len(group.entries()) == len(set(group.entries())), group.source


def test_aliases_end_somewhere():
    for alias in ALIASES:
        assert canonical_path(canonical_path(alias)) == canonical_path(alias)


@pytest.mark.parametrize(
    "text", ["os:system", "os.system", "posix.system", "subprocess.Popen", "pydoc.locate", "runpy:run_path"]
)
def test_a_text_that_names_a_sink_is_one(text):
    assert POLICY.sink(text) is not None


@pytest.mark.parametrize(
    "text", ["system", "test.csv", "code.py", "a sentence: os.system", "http.server", "torch.nn.Linear", "", ":", "."]
)
def test_a_text_that_names_none_is_none(text):
    assert POLICY.sink(text) is None


def test_a_user_allows_a_name_exactly():
    policy = POLICY.extended(allow=[("my_models.Net", "ours"), ("webbrowser:open", "kiosk")])
    assert policy.decide("my_models", "Net").kind == "allow"
    assert policy.decide("my_models", "Net").source == "ours"
    assert policy.decide("my_models", "Net.x").kind != "allow"
    assert policy.decide("my_models.Net", "x").kind == "unknown"
    assert policy.decide("webbrowser", "open").kind == "allow"
    assert policy.decide("os", "system").kind == "deny"


def test_a_user_denies_more_and_that_wins():
    policy = POLICY.extended(allow=[("numpy.ndarray", "")], deny=[("numpy.*", "no arrays here"), ("a.b:C.d", "")])
    for module, name in [("numpy", "ndarray"), ("numpy.core.multiarray", "_reconstruct"), ("a.b", "C.d")]:
        decision = policy.decide(module, name)
        assert (decision.kind, decision.capability, decision.severity) == ("deny", "custom", "high")
    assert POLICY.decide("numpy", "ndarray").kind == "allow"
    assert policy.extended(deny=[("c.d", "")]).decide("numpy", "ndarray").kind == "deny"


def test_a_user_denies_what_is_below_a_name_too():
    policy = POLICY.extended(deny=[("acme", ""), ("pandas.DataFrame", "")])
    for module, name in [("acme", ""), ("acme.net", "Base"), ("pandas", "DataFrame"), ("pandas", "DataFrame.sum")]:
        assert policy.decide(module, name).capability == "custom"
    assert policy.decide("acmes", "Base").kind == "unknown"


@pytest.mark.parametrize("name", ["my_models.*", "Net", "my_models:Net.forward", "my models", ""])
def test_a_user_cannot_allow_a_prefix(name):
    with pytest.raises(ValueError, match="cannot be allowed"):
        POLICY.extended(allow=[(name, "")])


def test_the_version_changes_with_the_entries_and_with_nothing_else():
    assert POLICY.extended() is POLICY
    one = POLICY.extended(allow=[("a.B", "because")])
    assert one.version == POLICY.extended(allow=[("a.B", "because")]).version
    assert len({POLICY.version, one.version, POLICY.extended(deny=[("a.B", "because")]).version}) == 3


def test_a_path_is_decided_like_its_parts():
    assert POLICY.decide_path("os.system").kind == "deny"
    assert POLICY.decide_path("collections.OrderedDict").kind == "allow"
    assert POLICY.decide_path("os").kind == "deny"
    assert POLICY.decide_path("nobody.knows").kind == "unknown"


def test_a_class_that_acts_is_denied_wherever_its_package_holds_it():
    for module in ("ray.tune.experiment.trial", "ray.tune.tune", "ray"):
        assert POLICY.decide(module, "Trial").capability == "deserialize"
    for module, name in [("optuna.trial", "Trial"), ("ray.tune", "Trials"), ("my.ray", "Trial")]:
        assert POLICY.decide(module, name).kind == "unknown"


def test_the_documentation_counts_what_the_tables_hold():
    told = (Path(__file__).parents[3] / "docs" / "policy.md").read_text()
    apart = (*ADVISED, *STDLIB_GADGETS, *TORCH_GADGETS, CODE_OBJECTS)
    entries = [entry for group in DENY if group not in apart for entry in group.entries()]
    modules = sum(entry.endswith(".*") for entry in entries)
    assert f"| {modules} modules, {len(entries) - modules} names |" in told
    for groups in (ADVISED, (*STDLIB_GADGETS, *TORCH_GADGETS), (CODE_OBJECTS,)):
        assert f"| {sum(len(group.entries()) for group in groups)} names |" in told
    assert f"Of the {len(allowed_names()):,} allowed names" in told
