"""What no model file has business calling, by what it could do: the standard library.

Sources: the advisories of picklescan, fickling and modelscan (threats.md 2.7), the gadget lists mined from the
sources of CPython 3.11, and the documentation of the modules.
"""

from __future__ import annotations

from typing import Final

from scanners.rules.policy_table import Group

STDLIB: Final[tuple[Group, ...]] = (
    Group(
        "exec_code",
        "builtins that run or compile code, or hand out the means to: every scanner's first entries",
        "builtins.eval builtins.exec builtins.compile builtins.__import__ builtins.execfile "
        "builtins.breakpoint builtins.input builtins.raw_input builtins.apply builtins.__build_class__ "
        "builtins.globals builtins.locals builtins.vars builtins.help builtins.__builtins__ "
        "builtins.__loader__ builtins.__spec__ builtins.reload",
    ),
    Group(
        "exec_code",
        "modules that run code by design: GHSA-cj3c-v495-4xqh, GHSA-5qwp-399c-mjwf, GHSA-x696-vm39-cp64, "
        "GHSA-fqq6-7vqf-w3fg, GHSA-v7x6-rv5q-mhwc, GHSA-6w4w-5w54-rjvr, GHSA-f54q-57x4-jg88, "
        "GHSA-p9w7-82w4-7q8m, GHSA-q77w-mwjj-7mqx, GHSA-9w88-8rmg-7g2p, GHSA-6ggj-6f2q-f7mx, "
        "GHSA-wfq2-52f7-7qvj, GHSA-g38g-8gr9-h9xp",
        "code.* codeop.* runpy.* pdb.* bdb.* cProfile.* profile.* trace.* timeit.* doctest.* pydoc.* "
        "pydoc_data.* rlcompleter.* idlelib.* turtle.* turtledemo.* modulefinder.* inspect.* "
        "unittest.* lib2to3.* multiprocessing.* logging.config.* _interpreters.* interpreters.* "
        "_testcapi.* _testinternalcapi.* _testlimitedcapi.*",
    ),
    Group(
        "exec_code",
        "single functions that evaluate what they are given (gadget review of CPython 3.11, 2026-08; CVE-2022-48560)",
        "optparse.Values.read_file optparse.Values.read_module tkinter.Tk.readprofile tkinter.Tcl "
        "typing.ForwardRef._evaluate typing._eval_type typing.get_type_hints typing.evaluate_forward_ref "
        "dataclasses._create_fn dataclasses.make_dataclass gettext.c2py types.CodeType types.FunctionType "
        "types.LambdaType types.ModuleType types.MethodType types.new_class types.DynamicClassAttribute "
        "annotationlib.*",
    ),
    Group(
        "exec_code",
        "the interpreter's own tests (GHSA-g38g-8gr9-h9xp); not all of `test`, the name of many a user's script",
        "test.support.* test.libregrtest.* test.regrtest.* test.bisect_cmd.* test.pythoninfo.* test.test_support.*",
    ),
    Group(
        "process",
        "whoever starts programs: os and its platform names, and what wraps it (GHSA-vqmv-47xg-9wpr, "
        "GHSA-g38g-8gr9-h9xp, GHSA-m273-6v24-x4m4, GHSA-xp4f-hrf8-rxw7, CVE-2025-1716)",
        "os.* subprocess.* _posixsubprocess.* _winapi.* commands.* popen2.* pty.* asyncio.* _osx_support.* "
        "_aix_support.* _bootsubprocess.* _sysconfigdata.* _sysconfig.* _pyrepl.* pipes.* mailcap.* "
        "distutils.* setuptools.* pkg_resources.* _distutils_hack.* ensurepip.* pip.* venv.* virtualenv.* "
        "conda.* uv.* platform.popen platform._syscmd_file platform._syscmd_ver uuid._get_command_stdout "
        "uuid._popen uuid._ifconfig_getter uuid._ip_getter uuid._arp_getter uuid._lanscan_getter "
        "uuid._netstat_getter uuid._find_mac_near_keyword uuid._find_mac_under_heading uuid._find_mac "
        "imaplib.IMAP4_stream webbrowser.GenericBrowser webbrowser.BackgroundBrowser "
        "webbrowser.UnixBrowser webbrowser.Konqueror webbrowser.Mozilla webbrowser.Netscape "
        "webbrowser.Galeon webbrowser.Chrome webbrowser.Opera webbrowser.Elinks webbrowser.Edge "
        "webbrowser.Grail webbrowser.MacOSX webbrowser.MacOSXOSAScript webbrowser.register webbrowser.get "
        "webbrowser.WindowsDefault",
    ),
    Group(
        "import_or_resolve",
        "whoever turns text into a module or an attribute (GHSA-vvpj-8cmc-gx39, GHSA-q5qq-mvfm-j35x; threats.md T4)",
        "importlib.* imp.* zipimport.* pkgutil.* site.* sitecustomize.* usercustomize.* "
        "copyreg.add_extension copyreg.pickle copyreg.constructor copyreg.remove_extension "
        "copyreg.dispatch_table copyreg._extension_registry copyreg._inverted_registry "
        "copyreg.clear_extension_cache warnings._getcategory xml.dom.domreg.* modulefinder.*",
    ),
    Group(
        "attribute_primitive",
        "small tools that reach attributes or call what they are given (GHSA-955r-x9j8-7rhh, "
        "GHSA-46h3-79wf-xr6c, GHSA-655q-fx9r-782v)",
        "builtins.getattr builtins.setattr builtins.delattr builtins.super builtins.property "
        "builtins.object.__getattribute__ builtins.type.__getattribute__ builtins.map builtins.filter "
        "builtins.sorted builtins.min builtins.max operator.* functools.reduce functools.partial "
        "functools.partialmethod functools.singledispatch functools.singledispatchmethod "
        "functools.cached_property functools.lru_cache functools.cache functools.wraps "
        "functools.update_wrapper functools.cmp_to_key itertools.starmap itertools.accumulate "
        "itertools.groupby itertools.filterfalse itertools.takewhile itertools.dropwhile gc.* weakref.* "
        "atexit.* signal.* threading.* sched.* contextlib.* concurrent.* sys.*",
    ),
    Group(
        "file_write_delete",
        "whoever opens, writes or deletes files (threats.md T9; GHSA-m7j5, CVE-2026-56315)",
        "builtins.open builtins.file io.open io.FileIO io.open_code io.TextIOWrapper io.BufferedReader "
        "io.BufferedWriter io.BufferedRandom io.BufferedRWPair io.OpenWrapper codecs.open "
        "codecs.EncodedFile codecs.StreamReaderWriter pathlib.Path.* pathlib.PosixPath.* "
        "pathlib.WindowsPath.* pathlib.io.* pathlib.os.* shutil.* tempfile.* fileinput.* filecmp.* glob.* "
        "mmap.* tarfile.* zipfile.* zipapp.* gzip.* bz2.* lzma.* shelve.* dbm.* sqlite3.* py_compile.* "
        "compileall.* netrc.* mailbox.* linecache.* xml.etree.* xml.dom.* xml.sax.* logging.FileHandler "
        "logging.handlers.* logging.basicConfig pstats.* tracemalloc.* uu.* cgi.* cgitb.* tokenize.open",
    ),
    Group(
        "deserialize",
        "whoever loads another pickle (threats.md T7; GHSA-84r2-jw7c-4r5q, GHSA-9m3x)",
        "pickle.* pickletools.* shelve.* marshal.*",
    ),
    Group(
        "network",
        "whoever talks to other machines (CVE-2025-46417, GHSA-hgrh, GHSA-9726)",
        "socket.* ssl.* http.* urllib.* ftplib.* smtplib.* poplib.* imaplib.* nntplib.* telnetlib.* "
        "xmlrpc.* socketserver.* asyncore.* asynchat.* smtpd.* select.* selectors.* wsgiref.* webbrowser.* "
        "logging.handlers.HTTPHandler logging.handlers.SocketHandler logging.handlers.SMTPHandler "
        "logging.handlers.SysLogHandler logging.handlers.DatagramHandler antigravity.*",
    ),
    Group(
        "native",
        "machine code by name (GHSA-4675-36f9-wf6r, GHSA-5hvc-6wx8-mvv4)",
        "ctypes.*",
    ),
    Group(
        "env_info",
        "whoever tells about this machine (CVE-2025-46417 sends it out by name resolution)",
        "getpass.* platform.* resource.* pwd.* grp.* spwd.* sysconfig.* locale.* syslog.* winreg.* "
        "msvcrt.* readline.* uuid.getnode uuid.uuid1 this.*",
    ),
    Group(
        "tamper",
        "no model needs a scanner's inside (fickling's own rule; threats.md T10)",
        "picklescan.* modelscan.* fickling.* modelaudit.* model_unpickler.* saferpickle.* scanners.judge.* "
        "scanners.rules.* scanners.registry.*",
    ),
    Group(
        "exec_code",
        "modules beside the well-known ones that run or compile what they are given, or a text of Tcl "
        "(source: CPython 3.8 to 3.15, Lib; Python 2.7's new, ihooks and hotshot)",
        "tkinter.* _sitebuiltins.* profiling.* _remote_debugging.* _interpchannels.* _interpqueues.* _xxinterpqueues.* "
        "_testclinic.* _testbuffer.* _testmultiphase.* _testsinglephase.* _ctypes_test.* _xxtestfuzz.* hotshot.* "
        "ihooks.* new.code new.function new.instancemethod new.classobj new.module sys.remote_exec faulthandler.* "
        "string.Formatter.get_field string.Formatter.vformat",
    ),
    Group(
        "import_or_resolve",
        "tables and registries by which Python finds what a name or a codec stands for: changed, they turn one name "
        "into another (source: Lib/_compat_pickle.py, Lib/pickle.py:find_class, Lib/encodings/__init__.py)",
        "_compat_pickle.* codecs.register codecs.register_error codecs.unregister _codecs.register "
        "_codecs.register_error _codecs._forget_codec encodings._import_tail encodings.search_function "
        "encodings.codecs.* pyclbr.*",
    ),
    Group(
        "attribute_primitive",
        "helpers that set or take attributes by name, or call what they are given, off the beaten path "
        "(mined lists, 2026-11; fickling's GHSA-r48f; source: Lib/copy.py:_reconstruct, "
        "Lib/dataclasses.py:_set_new_attribute, Lib/optparse.py:Values.ensure_value, Lib/difflib.py:IS_LINE_JUNK)",
        "difflib.IS_LINE_JUNK difflib.diff_bytes difflib._test copy._reconstruct copy._deepcopy_dict "
        "copy._deepcopy_list copy._deepcopy_tuple copy._deepcopy_dispatch "
        "dataclasses._set_new_attribute dataclasses._get_field optparse.Values.ensure_value "
        "optparse.Option.take_action enum._simple_enum enum._proto_member functools._lru_cache_wrapper "
        "functools.singledispatchmethod.register functools._make_key curses.* traceback._safe_string "
        "heapq.merge heapq.nlargest heapq.nsmallest builtins.iter configparser.ConverterMapping "
        "cmd.Cmd.onecmd cmd.Cmd.cmdloop builtins.exit builtins.quit",
    ),
    Group(
        "file_write_delete",
        "smaller readers and writers of files (mined lists, 2026-11; source: Lib/argparse.py:FileType.__call__, "
        "Lib/mimetypes.py:read_mime_types, Lib/shlex.py:sourcehook, Lib/wave.py:open, Python 3.14's compression)",
        "argparse.FileType imghdr.* sndhdr.* mimetypes.* shlex.shlex.* gettext.* wave.open aifc.open sunau.open "
        "binhex.* compression.* _zstd.* io._open_code_with_warning io.open_code configparser.RawConfigParser.read "
        "configparser.ConfigParser.read configparser.ConfigParser.write configparser.RawConfigParser.write "
        "_gdbm.* _dbm.* bsddb.* dbhash.* tabnanny.* msilib.* _msi.* fcntl.* termios.* tty.* nis.* readline.* "
        "posixfile.* _tracemalloc.* pathlib._os.* plistlib.readPlist",
    ),
)
