"""Everything that can go wrong between the Hub and the cache.

A `CrawlError` is one clear line that also says how to mend it, and a `code` that scripts may rely on.

    CrawlError
    ├── NotARepoIdError       not-a-repo-id       refused before any request
    ├── BadTargetError        bad-target          the same, for what is to be swept
    ├── BadUrlError           bad-url             the same, for an address
    ├── RepoNotFoundError     repo-not-found      missing or private: the Hub does not say which
    ├── RevisionNotFoundError revision-not-found
    ├── RemoteFileError       file-not-found
    ├── GatedError            gated
    ├── DisabledError         disabled
    ├── BadTokenError         bad-token
    ├── ForbiddenError        forbidden
    ├── BadRequestError       bad-request
    ├── OfflineError          offline
    ├── UntrueListingError    bad-listing         the Hub lists what cannot be
    ├── TooLongError          too-long            more bytes than the caller allows
    ├── CacheError            cache
    │   └── DiskFullError     disk-full
    └── TransientError        worth another attempt
        ├── NetworkError      network             nobody answers, or the answer breaks off
        ├── ThrottledError    throttled           429; `wait` is what the server asks for
        ├── ServerError       server              408, 5xx
        └── WrongBytesError   wrong-bytes         bytes other than those asked for
"""

from __future__ import annotations

import re
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TEXT = 300  # characters of a server's own words that a message quotes
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")

RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP statuses that another attempt may mend; every other 5xx is retried as well (hub-api.md 3.3)."""


class CrawlError(Exception):
    """Something between the Hub and the cache failed; the message is one line for people."""

    code: ClassVar[str] = "crawl"

    def __init__(self, message: str) -> None:
        self.message = one_line(message)
        super().__init__(self.message)


class NotARepoIdError(CrawlError):
    """A repo id that no Hub could know."""

    code = "not-a-repo-id"


class BadTargetError(CrawlError):
    """A text that names nothing to sweep."""

    code = "bad-target"


class BadUrlError(CrawlError):
    """An address that is not http or https, or that redirects to one that is not."""

    code = "bad-url"


class RepoNotFoundError(CrawlError):
    """No such repo, or a private one: the Hub answers both alike."""

    code = "repo-not-found"


class RevisionNotFoundError(CrawlError):
    """The repo has no such branch, tag or commit."""

    code = "revision-not-found"


class RemoteFileError(CrawlError):
    """The server has no such file."""

    code = "file-not-found"


class GatedError(CrawlError):
    """The repo's files are for those only who accepted its conditions."""

    code = "gated"


class DisabledError(CrawlError):
    """The Hub took the repo out of service."""

    code = "disabled"


class BadTokenError(CrawlError):
    """The Hub does not know the token."""

    code = "bad-token"


class ForbiddenError(CrawlError):
    """The server refuses access, for no reason that has a name here."""

    code = "forbidden"


class BadRequestError(CrawlError):
    """The server does not understand the request."""

    code = "bad-request"


class OfflineError(CrawlError):
    """The environment forbids requests to the Hub."""

    code = "offline"


class UntrueListingError(CrawlError):
    """The Hub lists what cannot be: a path twice, a cursor that leads back, a size below zero."""

    code = "bad-listing"


class TooLongError(CrawlError):
    """A file whose server knows no ranges is longer than may be read whole."""

    code = "too-long"


class CacheError(CrawlError):
    """The block cache cannot be read or written."""

    code = "cache"


class DiskFullError(CacheError):
    """There is no room for the block cache."""

    code = "disk-full"


class TransientError(CrawlError):
    """A failure that another attempt may mend."""

    attempts = 1_000
    """Attempts after which the failure is taken as lasting, whatever the policy allows."""

    def __init__(self, message: str, *, wait: float | None = None, attempts: int | None = None) -> None:
        super().__init__(message)
        if attempts is not None:
            self.attempts = attempts
        self.wait = wait
        """Seconds that the server asks us to wait."""


class NetworkError(TransientError):
    """Nobody answers, or the answer breaks off."""

    code = "network"


class ThrottledError(TransientError):
    """The quota is used up."""

    code = "throttled"


class ServerError(TransientError):
    """The server is in trouble."""

    code = "server"


class WrongBytesError(TransientError):
    """The server sent other bytes than those asked for."""

    code = "wrong-bytes"
    attempts = 3


def one_line(text: str) -> str:
    """`text` on one line, with control characters and runs of blanks as single blanks."""
    return _BLANK.sub(" ", text).strip()


def shown(url: str) -> str:
    """`url` as a message may show it: without its query, which may be a signature, and without a password."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return clipped(url.split("?", 1)[0].rsplit("@", 1)[-1])
    return clipped(f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}")


def clipped(text: str) -> str:
    """`text` on one line, cut to what a message quotes."""
    text = one_line(text)
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"


@contextmanager
def network(url: str) -> Iterator[None]:
    """The one place where httpx2's exceptions become ours.

    Its `StreamError`s and `CookieConflict` pass: no server can cause them, they are mistakes of the caller.
    """
    import httpx2  # noqa: PLC0415 - `audit --help` does without it

    try:
        yield
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError) as error:
        raise BadUrlError(f"{shown(url)} is no address that can be asked: {clipped(str(error))}") from error
    except httpx2.TimeoutException as error:
        raise NetworkError(f"{_host(url)} did not answer in time; check the connection and try again") from error
    except httpx2.ProxyError as error:
        raise NetworkError(f"the proxy refused: {_why(error)}; check HTTPS_PROXY and HTTP_PROXY") from error
    except httpx2.ConnectError as error:
        raise NetworkError(
            f"{_host(url)} cannot be reached ({_why(error)}); check the connection, or the proxy settings",
            attempts=4,  # a machine without a network shall say so within seconds
        ) from error
    except httpx2.HTTPError as error:
        raise NetworkError(f"the answer of {_host(url)} broke off ({_why(error)}); try again") from error
    except ssl.SSLError as error:
        raise NetworkError(f"the encrypted connection to {_host(url)} failed ({_why(error)})") from error


def of_status(status: int, url: str, headers: Mapping[str, str], *, wait: float | None = None) -> CrawlError:
    """The error of an answer from a server that is not the Hub: a storage server, or a plain one."""
    where = shown(url)
    said = headers.get("x-error-message", "")
    detail = f": {clipped(said)}" if said else ""
    if status == 429:
        after = f" for {wait:.0f} s" if wait is not None else ""
        return ThrottledError(
            f"{_host(url)} asks us to wait{after}; try later, or log in for a larger quota", wait=wait
        )
    if status >= 500 or status in RETRIED_STATUSES:
        return ServerError(f"{_host(url)} is in trouble (HTTP {status}){detail}; try later", wait=wait)
    if status in {404, 410}:
        return RemoteFileError(f"there is no {where} (HTTP {status}); check the address")
    if status in {401, 403}:
        return ForbiddenError(f"{where} refuses access (HTTP {status}){detail}; check who may read it")
    if status == 416:
        return WrongBytesError(f"{where} is shorter than its size says (HTTP 416)")
    return BadRequestError(f"{where} answered HTTP {status}{detail}; check the address")


def of_hub(error: Exception, what: str) -> CrawlError:
    """The one place where huggingface_hub's exceptions become ours; `what` is the repo or file that was asked for."""
    from huggingface_hub import errors as hub  # noqa: PLC0415 - `audit --help` does without it

    match error:
        case CrawlError():
            return error
        case hub.OfflineModeIsEnabled():
            return offline(what)
        case hub.RevisionNotFoundError():
            return RevisionNotFoundError(f"{what}: no such revision; name a branch, a tag or a full commit")
        case hub.EntryNotFoundError():
            return RemoteFileError(f"{what}: no such file at this commit")
        case hub.GatedRepoError():
            return GatedError(
                f"{what} is gated: accept its conditions on its page on the Hub, "
                "then run `hf auth login` or set HF_TOKEN"
            )
        case hub.DisabledRepoError():
            return DisabledError(f"{what} is disabled by the Hub: its files cannot be read by anyone")
        case hub.HFValidationError():
            return NotARepoIdError(f"{what} is not a repo id; write it as ORG/NAME")
        case hub.HfHubHTTPError():
            return _of_hub_status(error, what)
        case _:
            return UntrueListingError(
                f"{what}: the Hub's answer makes no sense ({type(error).__name__}: {clipped(str(error))})"
            )


def offline(what: str) -> OfflineError:
    """The refusal to ask the Hub for `what`."""
    return OfflineError(f"{what} is on the Hub, and HF_HUB_OFFLINE is set; unset it, or use `audit path`")


def _of_hub_status(error: Exception, what: str) -> CrawlError:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", 0)
    headers: Mapping[str, str] = getattr(response, "headers", {})
    said = headers.get("x-error-message") or getattr(error, "server_message", None) or ""
    if status == 401 and said.startswith(("Invalid credentials", "Invalid user token")):
        return BadTokenError("the Hub does not accept the token; renew it with `hf auth login`, or unset HF_TOKEN")
    if status in {401, 404}:
        return RepoNotFoundError(
            f"{what} is missing or private: check the name and --type; for a private one log in with `hf auth login`"
        )
    if status == 403:
        return ForbiddenError(
            f"{what}: the Hub refuses access ({clipped(said) or 'HTTP 403'}); check what the token may read"
        )
    if status == 400:
        return BadRequestError(f"{what}: the Hub does not understand the request ({clipped(said) or 'HTTP 400'})")
    return of_status(status, str(getattr(getattr(error, "request", None), "url", "")), headers)


def _host(url: str) -> str:
    try:
        return one_line(urlsplit(url).netloc.rsplit("@", 1)[-1]) or shown(url)
    except ValueError:
        return shown(url)


def _why(error: Exception) -> str:
    return clipped(str(error)) or type(error).__name__
