"""Callables whose arguments flow into a sink: the gadgets that a review of the mined lists found to be real.

The lists were mined statically from the sources and over-approximate; docs/policy.md says how they were
reviewed and what was dropped. Many of these are also below a denied module: they are named all the
same, because a module's entry may one day be narrowed and a known gadget must not get away with it.
"""

from __future__ import annotations

from typing import Final

from scanners.rules.policy_table import Group

ADVISED: Final[tuple[Group, ...]] = (
    Group(
        "exec_code",
        "named by a public advisory or proof of concept (threats.md 2.7)",
        "cProfile.run cProfile.runctx code.InteractiveConsole code.InteractiveInterpreter.runsource code.interact "
        "idlelib.autocomplete.AutoComplete.fetch_completions idlelib.calltip.Calltip.fetch_tip inspect.getattr_static "
        "logging.config.dictConfig logging.config.fileConfig multiprocessing.managers.MakeProxyType "
        "multiprocessing.util.spawnv_passfds numpy.f2py.crackfortran._eval_length "
        "numpy.f2py.crackfortran.getlincoef pdb.run pdb.runcall pdb.runeval profile.Profile.run profile.run "
        "runpy.run_module runpy.run_path test.support.script_helper.assert_python_ok timeit.main timeit.repeat "
        "timeit.timeit trace.Trace.run trace.Trace.runfunc unittest.mock._importer",
    ),
    Group(
        "process",
        "named by a public advisory or proof of concept (threats.md 2.7)",
        "_aix_support._read_cmd_output _pyrepl.pager.pipe_pager _pyrepl.pager.tempfile_pager distutils.core.run_setup "
        "distutils.file_util.write_file numpy.distutils.cpuinfo.getoutput numpy.distutils.exec_command.exec_command "
        "pip._internal.cli.main.main pip.main pipes.Template pty.spawn torch.utils.bottleneck.__main__.run_cprofile "
        "torch.utils.bottleneck.__main__.run_autograd_prof torch.utils.collect_env.run_and_read_all",
    ),
    Group(
        "import_or_resolve",
        "named by a public advisory or proof of concept (threats.md 2.7)",
        "importlib.import_module importlib.machinery.SourceFileLoader pkgutil.resolve_name pydoc.locate "
        "zipimport.zipimporter",
    ),
)

STDLIB_GADGETS: Final[tuple[Group, ...]] = (
    Group(
        "process",
        "gadgets of CPython 3.11, numpy 2.4, joblib 1.6, dill, cloudpickle, pip; reviewed 2026-08",
        "_bootsubprocess.check_output _osx_support._read_output "
        "asyncio.unix_events._UnixSubprocessTransport._start dill._dill.check "
        "distutils.msvc9compiler.query_vcvarsall distutils.spawn.spawn ensurepip._run_pip "
        "joblib.externals.loky.backend.utils._posix_recursive_kill "
        "joblib.externals.loky.backend.utils._windows_taskkill_process_tree "
        "joblib.testing.check_subprocess_call mailcap.findmatch numpy.distutils.ccompiler.CCompiler_spawn "
        "numpy.distutils.ccompiler_opt._Distutils._dist_test_spawn "
        "numpy.distutils.command.config.config.get_output numpy.distutils.exec_command._exec_command "
        "numpy.distutils.lib2def.getnm numpy.distutils.mingw32ccompiler.dump_table "
        "numpy.distutils.misc_util.cyg2win32 "
        "numpy.distutils.system_info._pkg_config_info.get_config_output "
        "numpy.distutils.unixccompiler.UnixCCompiler__compile "
        "numpy.f2py._backends._meson.MesonBackend._run_subprocess_command "
        "numpy.testing._private.extbuild.build pip._internal.cli.main_parser.parse_command "
        "pip._internal.commands.configuration.ConfigurationCommand.open_in_editor "
        "pip._internal.network.auth.KeyRingCliProvider._get_password "
        "pip._internal.network.auth.KeyRingCliProvider._set_password "
        "pip._internal.utils.subprocess.call_subprocess pip._vendor.distlib.index.PackageIndex.run_command "
        "pip._vendor.distlib.util.SubprocessMixin.run_command "
        "pip._vendor.pygments.formatters.img.FontManager._get_nix_font_path pipes.Template.copy "
        "pipes.Template.open_r pipes.Template.open_w platform._syscmd_file pydoc.pipepager "
        "pydoc.tempfilepager uuid._get_command_stdout venv.EnvBuilder._call_new_python "
        "webbrowser.BackgroundBrowser.open webbrowser.GenericBrowser.open webbrowser.Konqueror.open "
        "webbrowser.UnixBrowser._invoke",
    ),
    Group(
        "exec_code",
        "gadgets of CPython 3.11, numpy 2.4, joblib 1.6, dill, cloudpickle, pip; reviewed 2026-08",
        "bdb.Bdb.run bdb.Bdb.runeval cProfile.Profile.runctx code.InteractiveInterpreter.runcode "
        "codeop.Compile.__call__ codeop._compile dataclasses._create_fn dill._dill._eval_repr "
        "dill._dill._getattr dill.source._getimport dill.source._matchlambda dill.source._wrap "
        "dill.source.getsource dill.temp.loadIO_source dill.temp.load_source doctest.DocTestRunner.__run "
        "doctest.debug_script gettext.c2py idlelib.autocomplete.AutoComplete.get_entity "
        "idlelib.calltip.get_entity idlelib.debugobj.ObjectTreeItem.SetText "
        "idlelib.pyshell.ModifiedInterpreter.runcode idlelib.pyshell.ModifiedInterpreter.runcommand "
        "idlelib.run.Executive.runcode importlib._bootstrap.FrozenImporter.exec_module "
        "inspect._signature_fromstr joblib.externals.loky.backend.spawn._fixup_main_from_name "
        "joblib.externals.loky.backend.spawn._fixup_main_from_path "
        "lib2to3.pgen2.conv.Converter.parse_graminit_c lib2to3.pgen2.pgen.ParserGenerator.make_label "
        "logging.config._install_handlers modulefinder.ModuleFinder.load_module "
        "multiprocessing.sharedctypes.make_property multiprocessing.spawn._fixup_main_from_name "
        "multiprocessing.spawn._fixup_main_from_path numpy.f2py.capi_maps.getarrdims "
        "numpy.f2py.crackfortran._eval_scalar numpy.f2py.crackfortran.analyzeline "
        "numpy.f2py.crackfortran.analyzevars numpy.f2py.crackfortran.myeval "
        "numpy.f2py.crackfortran.param_eval numpy.f2py.crackfortran.vars2fortran "
        "numpy.testing._private.utils.measure numpy.testing._private.utils.runstring "
        "optparse.Values.read_file pdb.Pdb._getval pdb.Pdb._getval_except pdb.Pdb.default pdb.Pdb.do_break "
        "pip._vendor.pkg_resources.NullProvider.run_script pkgutil.ImpLoader.get_code "
        "profile.Profile.runctx pydoc.Helper.help rlcompleter.Completer.attr_matches runpy._run_code "
        "timeit.Timer tkinter.Tk.readprofile trace.Trace.runctx turtle.__forwardmethods "
        "turtle._make_global_funcs turtle.read_docstrings typing.ForwardRef._evaluate "
        "unittest.mock._set_signature zipimport._compile_source zipimport.zipimporter.load_module",
    ),
    Group(
        "import_or_resolve",
        "gadgets of CPython 3.11, numpy 2.4, joblib 1.6, dill, cloudpickle, pip; reviewed 2026-08",
        "cloudpickle.cloudpickle.subimport dbm.open dill.__diff._imp dill._dill._create_capsule "
        "dill._dill._import_module distutils.ccompiler.new_compiler "
        "distutils.dist.Distribution.get_command_class doctest._normalize_module "
        "idlelib.editor.EditorWindow.load_extension importlib._bootstrap_external._fix_up_module "
        "importlib.resources._common.resolve joblib.externals.loky.backend.reduction.set_loky_pickler "
        "lib2to3.refactor.get_all_fix_names logging.config._resolve numpy._core.function_base.add_newdoc "
        "numpy.core._ufunc_reconstruct numpy.distutils.ccompiler.new_compiler "
        "numpy.distutils.misc_util.exec_mod_from_location numpy.distutils.misc_util.get_path_from_frame "
        "numpy.lib._utils_impl._makenamedict numpy.testing._private.extbuild.build_and_import_extension "
        "optparse.Values.read_module pickle._Pickler.save_global pickle._Unpickler.find_class "
        "pip._internal.commands.create_command pip._internal.commands.debug.get_module_from_module_name "
        "pip._internal.metadata.importlib._envs._DistributionFinder._find_eggs_in_zip "
        "pip._vendor.distlib.database.EggInfoDistribution._get_metadata "
        "pip._vendor.distlib.resources.finder pip._vendor.distlib.util.resolve "
        "pip._vendor.distlib.wheel._load_dynamic pip._vendor.pkg_resources.find_eggs_in_zip "
        "pip._vendor.pkg_resources.get_provider pip._vendor.pygments.formatters._load_formatters "
        "pip._vendor.pygments.lexers._load_lexers pip._vendor.pygments.styles.get_style_by_name "
        "pip._vendor.six._import_module pip._vendor.urllib3.packages.six._import_module "
        "pip._vendor.vendored pkgutil.iter_importers pkgutil.resolve_name pydoc.importfile "
        "pydoc.safeimport runpy._get_module_details turtle.read_docstrings "
        "turtledemo.__main__.DemoWindow.loadfile unittest.loader.TestLoader._get_module_from_name "
        "unittest.loader.TestLoader.discover unittest.loader.TestLoader.loadTestsFromName "
        "unittest.main.TestProgram warnings._getcategory xml.dom.domreg.getDOMImplementation",
    ),
    Group(
        "network",
        "gadgets of CPython 3.11, numpy 2.4, joblib 1.6, dill, cloudpickle, pip; reviewed 2026-08",
        "asyncio.base_events.BaseEventLoop._connect_sock "
        "asyncio.base_events.BaseEventLoop.create_datagram_endpoint asyncore.dispatcher.create_socket "
        "ftplib.FTP.connect idlelib.rpc.RPCClient logging.handlers.HTTPHandler.getConnection "
        "multiprocessing.connection.SocketClient multiprocessing.connection.SocketListener "
        "numpy.lib._datasource.DataSource._cache numpy.lib._datasource.DataSource.exists "
        "pip._vendor.distlib.util._get_external_data pydoc.browse smtplib.SMTP._get_socket "
        "telnetlib.Telnet.open urllib.request.urlretrieve xml.dom.xmlbuilder.DOMBuilder.parse "
        "xml.sax.saxutils.prepare_input_source xmlrpc.client.SafeTransport.make_connection "
        "xmlrpc.client.Transport.make_connection",
    ),
    Group(
        "deserialize",
        "gadgets of CPython 3.11, numpy 2.4, joblib 1.6, dill, cloudpickle, pip; reviewed 2026-08",
        "dill._dill._unmarshal dill.temp.load dill.temp.loadIO idlelib.rpc.SocketIO.pollmessage "
        "idlelib.rpc.unpickle_code importlib._bootstrap_external._compile_bytecode "
        "lib2to3.pgen2.grammar.Grammar.loads modulefinder.ModuleFinder.load_module "
        "numpy.lib._format_impl.read_array numpy.lib._npyio_impl.load "
        "pip._vendor.cachecontrol.serialize.Serializer._loads_v1 pkgutil.read_code "
        "zipimport._unmarshal_code",
    ),
    Group(
        "native",
        "gadgets of CPython 3.11, numpy 2.4, joblib 1.6, dill, cloudpickle, pip; reviewed 2026-08",
        "pip._vendor.urllib3.contrib._securetransport.bindings.load_cdll",
    ),
)

TORCH_GADGETS: Final[tuple[Group, ...]] = (
    Group(
        "process",
        "gadgets of torch 2.13; reviewed 2026-08",
        "torch._dynamo.convert_frame.cprofile_wrapper "
        "torch._dynamo.dynamo_profiler.DynamoProfilerState.generate_svg "
        "torch._dynamo.test_minifier_common.MinifierTestBase._maybe_subprocess_run "
        "torch._inductor.codecache.CUTLASSCodeCache.compile "
        "torch._inductor.codecache.ROCmCodeCache.compile "
        "torch._inductor.cpp_builder._create_msvc_gs_stubs_lib "
        "torch._inductor.cpp_builder._gen_mingw_import_lib torch._inductor.cpp_builder._is_apple_clang "
        "torch._inductor.cpp_builder._is_gcc_version_less_than "
        "torch._inductor.cpp_builder._is_intel_compiler torch._inductor.cpp_builder._run_compile_cmd "
        "torch._inductor.cpp_builder.batch_convert_cubins_to_obj "
        "torch._inductor.cpp_builder.check_compiler_exist_windows "
        "torch._inductor.cpp_builder.convert_cubin_to_obj "
        "torch._inductor.cpp_builder.get_compiler_version_info "
        "torch._inductor.cpp_builder.perload_clang_libomp_win "
        "torch._inductor.cpp_builder.perload_icx_libomp_win torch._inductor.cpu_vec_isa.VecISA._probe_load "
        "torch._inductor.rocm_multiarch_utils.compile_llvm_ir_to_code_object "
        "torch._strobelight.compile_time_profiler.get_fburl torch.cuda._memory_viz.format_flamegraph "
        "torch.distributed.elastic.rendezvous.etcd_server.EtcdServer._start "
        "torch.testing._internal.common_utils.TestCase._attempt_load_from_subprocess "
        "torch.testing._internal.common_utils.run_tests torch.testing._internal.common_utils.shell "
        "torch.utils.collect_env.run "
        "torch.utils.cpp_extension._check_and_build_extension_h_precompiler_headers "
        "torch.utils.cpp_extension.check_compiler_is_gcc "
        "torch.utils.cpp_extension.check_compiler_ok_for_platform "
        "torch.utils.cpp_extension.get_compiler_abi_compatibility_and_version",
    ),
    Group(
        "exec_code",
        "gadgets of torch 2.13; reviewed 2026-08",
        "torch._dynamo.bytecode_debugger._DebugContext._interactive_prompt "
        "torch._dynamo.functional_export.dynamo_graph_capture_for_export "
        "torch._dynamo.guards.GuardBuilder.add_python_lambda_leaf_guard_to_root "
        "torch._dynamo.test_minifier_common.MinifierTestBase._maybe_subprocess_run "
        "torch._dynamo.utils.rot_n_helper "
        "torch._dynamo.variables.builtin.BuiltinVariable._constant_eval_result "
        "torch._functorch._aot_autograd.subclass_codegen._compile_and_exec_source "
        "torch._guards.ChainedSource.get_value torch._guards.Source.get_value "
        "torch._inductor.runtime.compile_tasks._reload_python_module "
        "torch._inductor.runtime.triton_heuristics.CompileResult._gen_launcher_code "
        "torch.distributed.nn.jit.instantiator._StringLoader.exec_module "
        "torch.distributed.run.run_script_path torch.fx.experimental.proxy_tensor.fake_signature "
        "torch.fx.experimental.rewriter.AST_Rewriter.rewrite "
        "torch.fx.experimental.symbolic_shapes.ShapeEnv.deserialize_symexpr "
        "torch.fx.experimental.symbolic_shapes.ShapeEnv.evaluate_guards_expression "
        "torch.fx.experimental.symbolic_shapes.ShapeEnv.evaluate_symexpr "
        "torch.fx.graph_module._exec_with_source "
        "torch.fx.operator_schemas._torchscript_type_to_python_type torch.jit.annotations._eval_no_call "
        "torch.jit.frontend.build_ignore_context_manager torch.jit.unsupported_tensor_ops.execWrapper "
        "torch.package.package_importer.PackageImporter._compile_source "
        "torch.package.package_importer.PackageImporter._make_module "
        "torch.testing._internal.jit_utils.execWrapper",
    ),
    Group(
        "import_or_resolve",
        "gadgets of torch 2.13; reviewed 2026-08",
        "torch._dynamo.aot_compile.AOTCompilePickler._unpickle_module "
        "torch._dynamo.aot_compile.AOTCompilePickler._unpickle_nested_function "
        "torch._dynamo.aot_compile_types._deserialize_triton_kernel "
        "torch._dynamo.guards.GuardBuilder.get_guard_manager_from_source "
        "torch._dynamo.guards.GuardsStatePickler._unpickle_nested_function "
        "torch._dynamo.guards.GuardsStatePickler._unpickle_python_module "
        "torch._dynamo.symbolic_convert.InstructionTranslatorBase.IMPORT_NAME "
        "torch._dynamo.symbolic_convert._import_module torch._dynamo.trace_rules._load_obj_from_str "
        "torch._dynamo.utils.import_submodule "
        "torch._inductor.autoheuristic.learned_heuristic_controller.find_and_instantiate_subclasses "
        "torch._inductor.codecache.CppPythonBindingsCodeCache._load_library_inner "
        "torch._inductor.compile_worker.__main__._lookup_and_create_type "
        "torch._inductor.pattern_matcher.gen_register_replacement torch._ops._Ops.import_module "
        "torch._utils._import_dotted_name torch._vendor.quack._compile_payload.load_epilogue_from_source "
        "torch.export.custom_ops._call_custom_autograd_function_in_pre_dispatch torch.hub._import_module "
        "torch.nn.utils._deprecation_utils.lazy_deprecated_import "
        "torch.onnx._internal.fx._pass.PackageInfo.from_python_class "
        "torch.package.importer._SysImporter.import_module "
        "torch.package.package_importer.PackageImporter._load_module "
        "torch.testing._internal.jit_utils._get_py3_code "
        "torch.utils._config_module.ConfigModule._get_alias_module_and_name "
        "torch.utils._pytree._defaultdict_deserialize torch.utils._pytree.enum_object_hook "
        "torch.utils.cpp_extension._import_module_from_library",
    ),
    Group(
        "network",
        "gadgets of torch 2.13; reviewed 2026-08",
        "torch.hub._parse_repo_info torch.hub._read_url torch.hub.download_url_to_file",
    ),
    Group(
        "deserialize",
        "gadgets of torch 2.13; reviewed 2026-08",
        "torch._dynamo.aot_compile.AOTCompiledModel.deserialize "
        "torch._dynamo.aot_compile_types.BundledAOTAutogradSerializableCallable.deserialize_compile_artifacts "
        "torch._dynamo.aot_compile_types.GraphModuleSerializableCallable.deserialize_compile_artifacts "
        "torch._dynamo.package.load_guards_state torch._dynamo.pgo.lookup_remote_cache_entry "
        "torch._dynamo.replay_record.ExecutionRecord.load "
        "torch._export.serde.serialize.deserialize_torch_artifact "
        "torch._inductor.autotune_process.TuningProcess.recv "
        "torch._inductor.codecache.FxGraphCache._emit_triton_bundle "
        "torch._inductor.compile_worker.subproc_pool.SubprocPickler.loads "
        "torch._inductor.runtime.caching.interfaces.PersistentMemoizer.replay "
        "torch._vendor.quack._compile_worker._recv torch._vendor.quack.autotuner._recv_from_worker "
        "torch.distributed.checkpoint._experimental.checkpoint_reader.CheckpointReader._partial_read "
        "torch.distributed.checkpoint._experimental.checkpoint_reader.CheckpointReader.read "
        "torch.distributed.checkpoint.default_planner.DefaultLoadPlanner.load_bytes "
        "torch.distributed.checkpoint.format_utils.torch_save_to_dcp "
        "torch.distributed.optim.zero_redundancy_optimizer._broadcast_object "
        "torch.export.pt2_archive._package._load_constants "
        "torch.export.pt2_archive._package._load_state_dict torch.hub._legacy_zip_load "
        "torch.hub.load_state_dict_from_url torch.storage._load_from_bytes "
        "torch.utils._config_module.ConfigModule.load_config "
        "torch.utils._content_store.ContentStoreReader.read_storage "
        "torch.utils._content_store.ContentStoreReader.read_tensor_metadata "
        "torch.utils.data.datapipes.datapipe._DataPipeSerializationWrapper.__setstate__ "
        "torch.utils.data.datapipes.utils.decoder.basichandlers",
    ),
    Group(
        "native",
        "gadgets of torch 2.13; reviewed 2026-08",
        "torch._classes._Classes.load_library torch._inductor.codecache.CppCodeCache._load_library_inner "
        "torch._inductor.cpp_builder.perload_clang_libomp_win "
        "torch._inductor.cpp_builder.perload_icx_libomp_win torch._ops._Ops.load_library "
        "torch._preload_cuda_lib torch.cuda.memory.CUDAPluggableAllocator "
        "torch.utils.cpp_extension._import_module_from_library torch.xpu.memory.XPUPluggableAllocator",
    ),
)
