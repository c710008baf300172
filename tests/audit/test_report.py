"""`audit report`."""

import re

from tests.command import audit, clean_failure


def test_the_demo_as_a_page(tmp_path):
    database = re.search(r"--db (\S+)", audit("demo").out)[1]
    made = audit("report", "--html", "page.html", "--db", database, cwd=tmp_path)
    assert (made.code, made.out) == (0, "")
    assert made.err == "page.html: 7 repos, 3 findings\n"
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "demo-lab/turned-translator" in text


def test_what_is_wrong_is_one_line_and_no_page(tmp_path):
    (tmp_path / "text.db").write_text("no database\n" * 1000)
    clean_failure(audit("report", cwd=tmp_path), 2, "--html")
    clean_failure(audit("report", "--html", "page.html", cwd=tmp_path), 2, "there is no audit in")
    clean_failure(audit("report", "--html", "page.html", "--db", "none.db", cwd=tmp_path), 2, "none.db")
    clean_failure(audit("report", "--html", "page.html", "--db", "text.db", cwd=tmp_path), 2, "not a DuckDB database")
    clean_failure(
        audit("report", "--html", "none/page.html", cwd=tmp_path), 2, "--html none/page.html cannot be written"
    )
    assert not (tmp_path / "page.html").exists()
    assert not (tmp_path / "none.db").exists()
