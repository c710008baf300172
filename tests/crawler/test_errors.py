import inspect
import ssl

import httpx2
import pytest

from crawler import errors
from crawler.errors import BadUrlError, CrawlError, NetworkError, TransientError, network

OURS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, CrawlError)]
THEIRS = [
    kind
    for _, kind in inspect.getmembers(httpx2, inspect.isclass)
    if issubclass(kind, Exception) and kind is not Exception
]
MISTAKES_OF_THE_CALLER = (httpx2.StreamError, httpx2.CookieConflict)


def test_every_leaf_has_a_code_of_its_own_that_the_tree_shows():
    leaves = [kind for kind in OURS if kind not in {CrawlError, TransientError}]
    codes = [kind.code for kind in leaves]
    assert len(set(codes)) == len(codes)
    for kind in leaves:
        assert any(kind.__name__ in line and kind.code in line for line in errors.__doc__.splitlines()), (
            f"{kind.__name__} is missing from the tree"
        )


@pytest.mark.parametrize("kind", THEIRS, ids=lambda kind: kind.__name__)
def test_every_exception_of_httpx2_becomes_one_of_ours(kind):
    error = kind.__new__(kind)
    Exception.__init__(error, "what it said")
    if issubclass(kind, MISTAKES_OF_THE_CALLER):
        with pytest.raises(kind), network("https://hub.example/x"):
            raise error
    else:
        with pytest.raises(CrawlError) as caught, network("https://hub.example/x"):
            raise error
        assert isinstance(caught.value, (NetworkError, BadUrlError))
        assert caught.value.__cause__ is error


def test_an_error_of_the_encryption_becomes_one_of_ours():
    with pytest.raises(NetworkError, match="encrypted"), network("https://hub.example/x"):
        raise ssl.SSLError(1, "bad record mac")


def test_every_exception_of_huggingface_hub_becomes_one_of_ours():
    from huggingface_hub import errors as hub

    kinds = [kind for _, kind in inspect.getmembers(hub, inspect.isclass) if issubclass(kind, Exception)]
    assert len(kinds) > 20
    for kind in kinds:
        error = kind.__new__(kind)
        Exception.__init__(error, "what\nit\x1b[31m said")
        ours = errors.of_hub(error, "org/name")
        assert isinstance(ours, CrawlError), kind
        assert "\n" not in ours.message
        assert "\x1b" not in ours.message


def test_a_message_is_one_line_without_control_characters():
    assert CrawlError("a\r\nb\x1b[2Jc\u2028d\x00").message == "a b [2Jc d"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://cdn.example/a/b?Signature=secret#x", "https://cdn.example/a/b"),
        ("https://user:secret@cdn.example:8443/a", "https://cdn.example:8443/a"),
        ("https://user:secret@[bad/a?secret", "[bad/a"),
    ],
)
def test_signatures_and_passwords_are_not_shown(url, shown):
    assert errors.shown(url) == shown
