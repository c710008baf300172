"""Where things come from on the network: what is known of an address by its form and by its host."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

_ADDRESS: Final = re.compile(
    r"(?:(?:git|hg|svn|bzr)\+)?([a-z][a-z0-9+.-]*)://(?:[^/@\s]*@)?(\[[^\]]*\]|[^/:?#\s\"']+)(?::\d+)?([^\s\"']*)",
    re.IGNORECASE,
)
_NUMERIC: Final = re.compile(r"\[.*\]|\d{1,3}(?:\.\d{1,3}){3}|0x[0-9a-f]+|\d{8,10}", re.IGNORECASE)
_OWN: Final = re.compile(
    r"(?:.*\.)?(?:localhost|local|lan|internal|test|invalid)|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\]|10\..*"
    r"|192\.168\..*|172\.(?:1[6-9]|2\d|3[01])\..*"
)


class Place(Enum):
    """What an address is."""

    OWN = "this machine or its network"
    INSTALLER = "an installer that everybody knows"
    FORGE = "a place where projects keep their sources and releases"
    INDEX = "an index of packages that everybody knows"
    ORDINARY = "any other host, encrypted"
    BAD = "unencrypted, a bare number, a shortener, a paste, a tunnel, a drop"


_HOSTS: Final = {
    Place.INSTALLER: (
        "astral.sh sh.rustup.rs static.rust-lang.org ollama.com ollama.ai get.docker.com install.python-poetry.org"
        " deb.nodesource.com rpm.nodesource.com bun.sh deno.land pixi.sh micro.mamba.pm repo.anaconda.com"
        " repo.continuum.io"
        " get.sdkman.io dot.net get.helm.sh bootstrap.pypa.io packages.microsoft.com apt.llvm.org"
        " developer.download.nvidia.com"
        " nvidia.github.io packagecloud.io storage.googleapis.com/jax-releases get.k3s.io tailscale.com cli.github.com"
        " go.dev dl.google.com apt.kitware.com huggingface.co hf.co download.pytorch.org get.pnpm.io"
    ),
    Place.FORGE: (
        "github.com raw.githubusercontent.com gitlab.com codeberg.org bitbucket.org huggingface.co hf.co"
        " objects.githubusercontent.com gitee.com modelscope.cn git.launchpad.net git.kernel.org"
    ),
    Place.INDEX: (
        "pypi.nvidia.com pypi.ngc.nvidia.com download.pytorch.org data.pyg.org storage.googleapis.com"
        " developer.download.nvidia.com"
        " wheels.vllm.ai flashinfer.ai aiinfra.pkgs.visualstudio.com pkgs.dev.azure.com abetlen.github.io"
        " jllllll.github.io"
        " conda.anaconda.org repo.anaconda.com pypi.tuna.tsinghua.edu.cn mirrors.aliyun.com mirrors.cloud.tencent.com"
        " repo.huaweicloud.com pypi.mirrors.ustc.edu.cn mirror.baidu.com pypi.doubanio.com pypi.douban.com"
        " registry.npmjs.org"
        " piwheels.org www.piwheels.org dl.fbaipublicfiles.com download.openmmlab.com paddlepaddle.org.cn"
        " www.paddlepaddle.org.cn"
        " registry.npmmirror.com download.openxlab.org.cn mirrors.tuna.tsinghua.edu.cn wheels.myhloli.com"
    ),
    Place.BAD: (
        "bit.ly tinyurl.com t.co goo.gl is.gd ow.ly cutt.ly rebrand.ly rb.gy shorturl.at t.ly tiny.cc s.id v.gd u.to"
        " clck.ru"
        " pastebin.com paste.ee rentry.co rentry.org hastebin.com dpaste.com ghostbin.com controlc.com termbin.com"
        " ix.io"
        " pastes.dev 0x0.st transfer.sh file.io anonfiles.com gofile.io catbox.moe files.catbox.moe"
        " litterbox.catbox.moe"
        " temp.sh tmpfiles.org oshi.at mega.nz mediafire.com www.mediafire.com cdn.discordapp.com media.discordapp.net"
        " webhook.site pipedream.net ngrok.io ngrok.app ngrok-free.app trycloudflare.com serveo.net loca.lt"
        " localhost.run"
        " interact.sh oast.fun oast.pro oast.live burpcollaborator.net requestbin.com"
    ),
}  # fmt: skip
_KNOWN: Final = {host: place for place, hosts in _HOSTS.items() for host in hosts.split() if place is not Place.FORGE}
_FORGES: Final = frozenset(_HOSTS[Place.FORGE].split())
_PROJECTS: Final = re.compile(
    r"raw\.githubusercontent\.com/(?:nvm-sh/nvm|Homebrew/install|pyenv/pyenv-installer|conda-forge/miniforge|mamba-org|"
    r"ohmyzsh/ohmyzsh|helm/helm|nektos/act|junegunn/fzf)/|github\.com/(?:conda-forge/miniforge|pyenv|nvm-sh|astral-sh"
    r"|mamba-org)/"
)
_DEFAULT_INDEX: Final = re.compile(r"(?:(?:test|upload)\.)?pypi(?:\.python)?\.org|files\.python" r"hosted\.org")


def place_of(url: str) -> Place:
    """What an address is by the worst that is known of it; one that is none, as of ssh, is ordinary."""
    match = _ADDRESS.match(url.strip())
    if match is None:
        return Place.ORDINARY
    scheme, host = match[1].lower(), match[2].lower().rstrip(".")
    if _OWN.fullmatch(host):
        return Place.OWN
    if _NUMERIC.fullmatch(host) or scheme in {"http", "ftp", "git", "ext"}:
        return Place.BAD
    if _PROJECTS.match(f"{host}{match[3]}"):
        return Place.INSTALLER
    if _DEFAULT_INDEX.fullmatch(host):
        return Place.INDEX
    labels = host.split(".")
    for at in range(len(labels) - 1):
        if (known := _KNOWN.get(".".join(labels[at:]))) is not None:
            return known
    return Place.FORGE if host in _FORGES else Place.ORDINARY
