"""docs/sql.md: the questions are written by hand, the answers by the history of the demo.

python -m tests.craft.sql_doc
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "sql.md"
_QUESTION = re.compile(r"```sql\n(.*?)```\n(?:\n```\n.*?```\n)?", re.DOTALL)


def answered(page, home):
    """The page with an answer behind each question, asked of the demo's history, which is made below `home`."""
    variables = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CACHE_HOME": str(home)}

    def audit(*arguments):
        command = [sys.executable, "-m", "audit", *arguments]
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout

    audit("demo")
    [history] = Path(home).rglob("demo.duckdb")

    def answer(match):
        said = audit("sql", "--db", str(history), match[1].replace("\n", " ").strip())
        return f"```sql\n{match[1]}```\n\n```\n{said.rstrip()}\n```\n"

    return _QUESTION.sub(answer, page)


def main():
    """Write the answers anew."""
    with tempfile.TemporaryDirectory() as home:
        PAGE.write_text(answered(PAGE.read_text(), home))


if __name__ == "__main__":
    main()
