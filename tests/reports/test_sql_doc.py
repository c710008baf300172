"""The worked questions of docs/sql.md are answered as it says."""

from tests.craft.sql_doc import PAGE, answered


def test_every_question_has_the_answer_of_the_page(tmp_path):
    page = PAGE.read_text()
    assert page.count("```sql\n") == 10
    assert answered(page, tmp_path) == page
