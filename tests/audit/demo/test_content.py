from audit.demo.content import FIRST_NIGHT, ORGANISATIONS, SECOND_NIGHT, demo_world


def test_two_organisations_hold_every_repo_of_the_demo():
    repos = demo_world().repos
    assert {repo.owner for repo in repos} == set(ORGANISATIONS)
    assert len(repos) >= 5
    assert {"README.md", "config.json"} <= set(repos[0].commits[0].files)


def test_the_first_night_shows_first_commits_and_the_second_night_the_last():
    first, second = demo_world(night=1), demo_world(night=2)
    turned = "demo-lab/turned-translator"
    assert [world.repo(turned).head for world in (first, second)] == [0, 1]
    assert first.repo(turned).commit_ids == second.repo(turned).commit_ids
    assert {repo.head for repo in first.repos} == {0}


def test_the_nights_lie_in_two_weeks():
    assert FIRST_NIGHT.isocalendar().week != SECOND_NIGHT.isocalendar().week
    turned = demo_world().repo("demo-lab/turned-translator")
    assert [commit.date for commit in turned.commits] == [FIRST_NIGHT, SECOND_NIGHT]


def test_what_turns_malicious_was_clean_at_first():
    first, second = (
        commit.files["pytorch_model.bin"] for commit in demo_world().repo("demo-lab/turned-translator").commits
    )
    assert b"posix\nsystem" not in first
    assert b"posix\nsystem" in second


def test_a_content_that_two_repos_share_has_one_hash():
    repos = [demo_world().repo(name) for name in ("demo-org/clean-classifier", "demo-lab/classifier-mirror")]
    assert len({repo.commits[0].entries["model.safetensors"].sha256 for repo in repos}) == 1
    assert repos[0].commit_ids != repos[1].commit_ids
