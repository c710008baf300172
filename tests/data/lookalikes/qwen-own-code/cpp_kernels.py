import pathlib

from torch.utils import cpp_extension


def _get_cuda_bare_metal_version(cuda_dir):
    import subprocess

    raw = subprocess.check_output([cuda_dir + "/bin/nvcc", "-V"], universal_newlines=True)
    release = raw.split()[raw.split().index("release") + 1].split(".")
    return raw, release[0], release[1][0]


def _kernels():
    path = pathlib.Path(__file__).parent.absolute()
    return cpp_extension.load(
        name="cache_autogptq_cuda_256",
        sources=[path / "cache_autogptq_cuda_256.cpp", path / "cache_autogptq_cuda_kernel_256.cu"],
        extra_cflags=["-O3"],
    )


cache_kernels = None
