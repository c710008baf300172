import pytest

from crawler.errors import BadTargetError, NotARepoIdError
from crawler.targets import SweepTarget, read_target


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("acme", SweepTarget("author", "acme")),
        ("acme/model", SweepTarget("repo", "acme/model")),
        ("models/acme/model", SweepTarget("repo", "acme/model", "model")),
        ("datasets/acme/data", SweepTarget("repo", "acme/data", "dataset")),
        ("spaces/acme/app", SweepTarget("repo", "acme/app", "space")),
        (
            "collection:acme/best-64f9a55bb3115b4f513ec026",
            SweepTarget("collection", "acme/best-64f9a55bb3115b4f513ec026"),
        ),
        ("search: bert tiny ", SweepTarget("search", "bert tiny")),
        ("top:100", SweepTarget("top", "100")),
    ],
)
def test_a_target_is_one_text(text, target):
    assert read_target(text) == target


@pytest.mark.parametrize("text", ["top:0", "top:many", "top:", "search: ", "collection:acme", "tops:1", "hf://a/b"])
def test_what_is_no_target_is_refused_with_the_ways_to_write_one(text):
    with pytest.raises(BadTargetError, match="nothing to sweep; write ORG"):
        read_target(text)


@pytest.mark.parametrize("text", ["", "a b", "-x", "a/b/c", "a//b", "datasets/a/b/c"])
def test_what_no_repo_could_be_called_is_refused(text):
    with pytest.raises(NotARepoIdError):
        read_target(text)
