"""What no model file has business calling, by what it could do: torch.

Whole modules are denied where a pickle of tensors, modules and optimizers never names anything of theirs: the
compilers, tracers, exporters, profilers and launchers. The classes that checkpoints do hold are allowed by name.
"""

from __future__ import annotations

from typing import Final

from scanners.rules.policy_table import Group

TORCH_DENIED: Final[tuple[Group, ...]] = (
    Group(
        "process",
        "torch code that compiles, launches or profiles programs (GHSA-4r9r-ch6f-vxmx, "
        "GHSA-4whj-rm5r-c2v8, CVE-2025-71353, GHSA-f4x7-rfwp-v3xw, GHSA-f745-w6jp-hpxx, "
        "GHSA-jhph-76pp-mggw, GHSA-655q-fx9r-782v)",
        "torch.utils.collect_env.* torch.utils.cpp_extension.* torch._inductor.* torch._dynamo.* "
        "torch.utils.bottleneck.* torch.distributed.run.* torch.distributed.launcher.* "
        "torch.distributed.launch.* torch.distributed.elastic.* torch.distributed.rpc.* "
        "torch.distributed.nn.jit.* torch.testing.* torch._strobelight.* torch.utils._get_clean_triton.*",
    ),
    Group(
        "exec_code",
        "torch code that evaluates text (GHSA-vr7h-p6mm-wpmh, GHSA-f4x7-rfwp-v3xw, CVE-2022-45907)",
        "torch.jit.unsupported_tensor_ops.* torch.jit.annotations.* torch.jit.frontend.* "
        "torch.fx.experimental.* torch.fx.graph_module.* torch.fx.operator_schemas.* torch._guards.* "
        "torch._functorch._aot_autograd.* torch._higher_order_ops.triton_kernel_wrap.*",
    ),
    Group(
        "deserialize",
        "tensors handed over from another process: a descriptor or a name that the file chooses",
        "torch.multiprocessing.reductions.*",
        severity="medium",
    ),
    Group(
        "process",
        "torch starts workers, and runs what they are given (source: torch/multiprocessing/spawn.py:spawn; "
        "torch/multiprocessing/__init__.py takes over all of multiprocessing)",
        "torch.multiprocessing.spawn.* torch.multiprocessing.pool.* torch.multiprocessing.queue.* "
        "torch.multiprocessing._atfork.* torch.multiprocessing.Process torch.multiprocessing.Pool "
        "torch.multiprocessing.Manager torch.multiprocessing.ProcessContext torch.multiprocessing.SpawnContext "
        "torch.multiprocessing.start_processes torch.multiprocessing.get_context torch._thread_safe_fork.* "
        "torch.utils.data._utils.worker.* torch.backends.xeon.* torch.numa.* torch.distributed.debug.* "
        "torch.utils._strobelight.* torch.utils.hipify.* torch.utils.benchmark.* torch.utils.jit.*",
    ),
    Group(
        "deserialize",
        "torch code that unpickles, or loads programs, from bytes or a path that it is given "
        "(source: torch/fx/_graph_pickler.py:GraphPickler.loads, torch/utils/show_pickle.py:main, "
        "torch/utils/model_dump/__init__.py:get_model_info, torch/_C/__init__.pyi)",
        "torch.fx._graph_pickler.* torch.utils.show_pickle.* torch.utils.model_dump.* torch.jit.mobile.* "
        "torch.nativert.* torch._C._aoti.* torch._C._nativert.* torch._C._export.* torch._C._load_for_lite_interpreter "
        "torch._C._load_for_lite_interpreter_from_buffer torch._C._load_mobile_module_from_file "
        "torch._C._load_mobile_module_from_bytes torch._C._load_jit_module_from_file "
        "torch._C._load_jit_module_from_bytes torch._C.import_ir_module_from_buffer "
        "torch._C._import_ir_module_from_package torch._weights_only_unpickler.* "
        "torch.distributed._tools.* torch.distributed.flight_recorder.* torch.compiler.load_cache_artifacts "
        "torch.compiler._cache.* torch.distributed.nn.api.*",
    ),
    Group(
        "exec_code",
        "torch code that compiles or runs text (source: torch/jit/_script.py:CompilationUnit, "
        "torch/jit/_recursive.py, torch/cuda/__init__.py:_compile_kernel, torch/utils/_sympy/interp.py)",
        "torch.jit.CompilationUnit torch.jit._script.* torch.jit._recursive.* torch.jit._trace.* "
        "torch.jit._monkeytype_config.* torch.jit.script torch._C.CompilationUnit torch._C._create_function_from_trace "
        "torch._C._jit_script_compile torch._C.parse_ir torch._C.parse_schema torch.cuda._compile_kernel "
        "torch.cuda._utils.* torch.cuda.jiterator.* torch.utils._sympy.* torch._jit_internal.* torch._sources.*",
    ),
    Group(
        "native",
        "torch code that loads or registers machine code (source: torch/_ops.py:_Ops.load_library, torch/_native)",
        "torch._native.* torch.utils.backend_registration.* torch.ops.import_module torch._C._initExtension",
    ),
    Group(
        "file_write_delete",
        "torch tools that open, write or delete the path that they are given: profilers, exporters, debug dumps "
        "(source: torch/profiler/profiler.py, torch/autograd/profiler_util.py:EventList.export_chrome_trace, "
        "torch/cuda/memory.py:_save_memory_usage, torch/distributed/pipelining/schedules.py:_dump_csv, "
        "torch/onnx/_internal/exporter/_reporting.py, torch/utils/_cpp_embed_headers.py:read_file)",
        "torch.profiler.* torch.autograd.profiler.* torch.autograd.profiler_util.* torch.autograd.profiler_legacy.* "
        "torch.cuda.memory._save_memory_usage torch.cuda.memory._save_segment_usage torch.cuda.memory._snapshot "
        "torch.cuda.memory._record_memory_history torch.cuda.tunable.* torch.cuda._annotate_cuda_graph_trace.* "
        "torch.xpu.memory._dump_snapshot torch.onnx.* torch.utils.tensorboard.* torch.utils._cpp_embed_headers.* "
        "torch.utils.viz.* torch.utils.file_baton.* torch.utils._debug_mode.* torch.distributed.pipelining.* "
        "torch.distributed.tensor.debug.* torch._appdirs.* torch._utils._augment_memory_snapshot_stack_traces "
        "torch._C._save_mobile_module torch._C._save_jit_module torch._C.PyTorchFileWriter "
        "torch._C._cuda_tunableop_read_file torch._C._save_parameters torch.ops.aten.from_file torch.ops.aten.save "
        "torch._C._VariableFunctions.from_file torch.jit.save torch.package.PackageExporter torch.export.save "
        "torch.export.experimental.* torch.export._draft_export.*",
    ),
    Group(
        "network",
        "torch code that opens connections (source: torch/_C/_distributed_c10d.pyi:TCPStore; CVE-2024-48063)",
        "torch.distributed.TCPStore torch.distributed.FileStore torch.distributed.init_process_group "
        "torch.distributed.rendezvous.* torch.distributed.distributed_c10d.init_process_group "
        "torch._C._distributed_c10d.TCPStore torch._C._distributed_c10d.FileStore "
        "torch._C._distributed_c10d.ProcessGroupGloo torch._C._distributed_rpc.* torch._C._distributed_autograd.* "
        "torch.distributed.autograd.*",
    ),
    Group(
        "attribute_primitive",
        "torch's tracers, dispatchers and exporters, which take attributes by name and call what they are given "
        "(mined lists, 2026-11: 942 candidates that read an attribute or call a parameter, most of them in these)",
        "torch._higher_order_ops.* torch._functorch.* torch.func.* "
        "torch._subclasses.* torch._dispatch.* torch._prims.* "
        "torch._prims_common.* torch._refs.* torch._decomp.* torch._numpy.* torch._library.* torch._custom_op.* "
        "torch._custom_ops.* torch._lazy.* torch._meta_registrations.* torch._vendor.* torch._python_dispatcher.* "
        "torch._size_docs.* torch._storage_docs.* torch._tensor_docs.* torch._torch_docs.* torch._classes.* "
        "torch.library.* torch.overrides.* torch.compiler.* torch.export.* torch.fx.interpreter.* torch.fx.passes.* "
        "torch.fx.proxy.* torch.fx.traceback.* torch.fx.subgraph_rewriter.* torch.fx._lazy_graph_module.* "
        "torch.utils._python_dispatch.* torch.utils._functools.* torch.utils._device.* torch.utils.weak.* "
        "torch.nn.utils._named_member_accessor.* torch._get_device_module "
        "torch._register_device_module torch.get_device_module torch._utils._get_device_module "
        "torch._utils._get_device_attr torch._tensor._handle_torch_function_and_wrap_type_error_to_not_implemented "
        "torch.distributed.fsdp._common_utils._FSDPDeviceHandle",
    ),
)
