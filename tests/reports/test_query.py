"""A query reads the history, and nothing else."""

import tracemalloc

import duckdb
import pytest

from reports.errors import QueryError
from reports.query import PAGE
from reports.store import Store
from reports.table import parts
from tests.reports.made import audit, file, finding


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("history") / "audit.duckdb", wait=5)
    store.record(audit("a1", file("a.bin", finding()), file("b.bin", finding("high"))))
    store.merge()
    return store


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret.csv"
    path.write_text("token\nhf_secret\n")
    return path


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT path FROM findings ORDER BY path",
        "SELECT path FROM findings ORDER BY path;",
        "-- a comment\nFROM findings SELECT path ORDER BY path",
        "WITH f AS (SELECT * FROM findings) SELECT path FROM f ORDER BY path",
    ],
)
def test_a_query_is_answered(store, sql):
    answer = store.query(sql)
    assert answer.columns == ("path",)
    assert answer.rows == [("a.bin",), ("b.bin",)]


@pytest.mark.parametrize(
    "sql", ["EXPLAIN SELECT 1", "DESCRIBE findings", "SHOW TABLES", "SUMMARIZE findings", "VALUES (1)"]
)
def test_what_only_looks_is_answered(store, sql):
    assert store.query(sql).rows


def test_a_pivot_is_answered(store):
    answer = store.query("PIVOT findings ON severity USING count(*) GROUP BY repo_id")
    assert dict(zip(answer.columns, answer.rows[0], strict=True)) == {"repo_id": "org/model", "critical": 1, "high": 1}


@pytest.mark.parametrize("column", ["i", "to_timestamp(i)::TIMESTAMPTZ"])
def test_an_answer_comes_in_parts_that_fit_in_memory(store, column):
    pages = list(store.paged(f"SELECT {column} FROM range({2 * PAGE + 1}) AS t(i)"))
    assert [len(page.rows) for page in pages] == [PAGE, PAGE, 1]
    assert [len(page.rows) for page in store.paged("SELECT 1 WHERE false")] == [0]


def test_an_answer_of_many_rows_is_never_held_whole(store):
    tracemalloc.start()
    for _ in parts(store.paged("SELECT i, 'x' || i FROM range(200000) AS t(i)"), "csv"):
        pass
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 16 << 20


def test_a_time_with_a_zone_comes_back_in_utc(store):
    answer = store.query("SELECT TIMESTAMPTZ '2026-01-05 12:00:00+02' AS t, 1 AS t")
    assert answer.columns == ("t", "t")
    assert [str(value) for value in answer.rows[0]] == ["2026-01-05 10:00:00", "1"]
    assert store.query("SELECT count(*) FROM findings WHERE found_at < now()").rows == [(2,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM read_blob('{secret}')",
        "SELECT * FROM '{secret}'",
        "SELECT * FROM sniff_csv('{secret}')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM query('SELECT * FROM read_text(''{secret}'')')",
        "SELECT * FROM read_parquet('https://127.0.0.1:1/x.parquet')",
        "SELECT * FROM sqlite_scan('{secret}', 't')",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM which_secret('x', 's3')",
        "FROM read_text('file://{secret}')",
        "FROM read_text('/proc/self/environ')",
        "FROM read_csv('/dev/stdin')",
        "FROM read_json('{secret}')",
        "FROM read_ndjson_objects('{secret}')",
        "FROM parquet_metadata('{secret}')",
        "FROM query_table('{secret}')",
        "FROM read_duckdb('{secret}')",
        "FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM read_text(''{secret}'')'))",
        "SUMMARIZE '{secret}'",
        "DESCRIBE '{secret}'",
        "PIVOT (FROM read_text('{secret}')) ON content USING count(*)",
        "FROM 's3://bucket/x.parquet'",
        "FROM st_read('{secret}')",
    ],
)
def test_no_other_file_is_read(store, secret, sql):
    with pytest.raises(QueryError) as caught:
        store.query(sql.format(secret=secret, folder=secret.parent))
    assert "hf_secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_other_database_is_read(store, tmp_path):
    other = tmp_path / "other.duckdb"
    with duckdb.connect(str(other)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 'hf_secret' AS token")
    with pytest.raises(QueryError, match="disabled by configuration") as caught:
        store.query(f"FROM read_duckdb('{other}')")
    assert "hf_secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["HOME", "HF_TOKEN"])
def test_no_variable_of_the_environment_is_read(store, name):
    with pytest.raises(QueryError, match="getenv does not exist"):
        store.query(f"SELECT getenv('{name}')")


@pytest.mark.parametrize("name", ["sql", "statements", "parameters", "connection", "store", "pytest"])
def test_no_object_of_the_program_is_a_table(store, name):
    with pytest.raises(QueryError, match="does not exist"):
        store.query(f"SELECT * FROM {name}")


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO audits SELECT * FROM audits",
        "DELETE FROM findings",
        "UPDATE findings SET rule = 'x'",
        "DROP TABLE findings",
        "CREATE TABLE x (a INT)",
        "CREATE TEMP TABLE x AS SELECT 1",
        "CREATE OR REPLACE TEMP VIEW findings AS SELECT 1",
        "WITH gone AS (DELETE FROM findings RETURNING path) SELECT * FROM gone",
        "EXPLAIN ANALYZE DELETE FROM findings",
        "ALTER TABLE findings ADD COLUMN x INT",
        "ATTACH '{folder}/other.duckdb'",
        "ATTACH ':memory:' AS m",
        "DETACH audit",
        "COPY findings TO '{folder}/out.csv'",
        "COPY (SELECT 1) TO '{folder}/out.parquet'",
        "COPY findings FROM '{secret}'",
        "EXPORT DATABASE '{folder}/out'",
        "IMPORT DATABASE '{folder}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA enable_profiling",
        "PRAGMA database_list",
        "SET threads = 1",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "SET VARIABLE x = 1",
        "CALL enable_logging()",
        "CHECKPOINT",
        "FORCE CHECKPOINT",
        "VACUUM",
        "BEGIN",
        "USE memory",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "UPDATE EXTENSIONS",
        "LOAD '{folder}/evil.duckdb_extension'",
        "INSTALL evil FROM 'http://127.0.0.1:1'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/out.csv'",
        "EXPLAIN COPY (SELECT 1) TO '{folder}/out.csv'",
        "COPY FROM DATABASE audit TO memory",
        "MERGE INTO findings USING findings AS o ON true WHEN MATCHED THEN DELETE",
        "TRUNCATE findings",
        "COMMENT ON TABLE findings IS 'x'",
        "CREATE MACRO f() AS 1",
        "CREATE TEMP MACRO count(x) AS 0",
        "CREATE TYPE t AS ENUM ('a')",
        "SET GLOBAL enable_external_access = true",
        "SET allowed_directories = ['/']",
        "PRAGMA import_database('{folder}')",
        "FROM enable_logging()",
        "FROM force_checkpoint('audit')",
        "COMMIT",
        "SELECT 1; ATTACH '{folder}/other.duckdb'",
        "CREATE SECRET s (TYPE s3)",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE findings",
        "PIVOT findings ON severity USING count(*); DROP TABLE findings",
        "",
        "  -- nothing",
    ],
)
def test_nothing_but_one_reading_statement_runs(store, secret, sql):
    with pytest.raises(QueryError) as caught:
        store.query(sql.format(secret=secret, folder=secret.parent))
    assert "\n" not in str(caught.value)
    assert [path.name for path in secret.parent.iterdir()] == ["secret.csv"]
    assert store.query("SELECT count(*), min(rule) FROM findings").rows == [(2, "pickle-runs-code")]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC 1", 'Parser Error: syntax error at or near "selec"'),
        ("SELECT * FROM finding", 'Catalog Error: Table with name finding does not exist! Did you mean "findings"?'),
        (
            "SELECT pth FROM findings",
            'Binder Error: Referenced column "pth" not found in FROM clause! Candidate bindings: "path"',
        ),
        ("SELECT path::INT FROM findings", "Conversion Error: Could not convert string 'a.bin' to INT32"),
        ("SELECT error('stop')", "Invalid Input Error: stop"),
        ("SELECT $a", "the query has no value for $a; give it one with --param a=VALUE"),
        ("SELECT ?", "parameters have names here: write $name in the query, and --param name=VALUE behind it"),
        ("SELECT 1; SELECT 2", "one query at a time, please: this has several"),
        ("", "the query is empty"),
        ("DROP TABLE x", "the history can only be read: DROP is not allowed, SELECT is"),
    ],
)
def test_a_wrong_query_is_one_line_with_duckdbs_own_hint(store, sql, message):
    with pytest.raises(QueryError) as caught:
        store.query(sql)
    assert str(caught.value).lower().startswith(message.lower())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("sql", "message"), [("SELECT 1", "the query has no $b"), ("SELECT $c, $a", "the query has no $b; it has $a, $c")]
)
def test_a_value_that_the_query_has_no_place_for_is_refused(store, sql, message):
    with pytest.raises(QueryError) as caught:
        store.query(sql, parameters={"a": "1", "b": "2"} if "$" in sql else {"b": "2"})
    assert str(caught.value) == message
