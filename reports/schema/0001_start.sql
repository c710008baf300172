-- The history. The columns named in the documentation come first in each table and keep their names; others may follow.
-- Times are UTC.

-- Ascending, so that ORDER BY and max() mean what they say. DuckDB compares with a text by the alphabet: a threshold
-- is written severity >= 'high'::severity.
CREATE TYPE severity AS ENUM ('low', 'medium', 'high', 'critical');
CREATE TYPE verdict AS ENUM ('clean', 'incomplete', 'suspicious', 'malicious');

CREATE TABLE sweeps (
    sweep_id VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    targets VARCHAR[] NOT NULL,
    ruleset VARCHAR NOT NULL,
    repos_listed BIGINT NOT NULL,
    repos_audited BIGINT NOT NULL,
    repos_unchanged BIGINT NOT NULL,
    files_scanned BIGINT NOT NULL,
    bytes_fetched BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    status VARCHAR NOT NULL
);

CREATE TABLE audits (
    audit_id VARCHAR NOT NULL,
    sweep_id VARCHAR,
    repo_id VARCHAR NOT NULL,
    repo_type VARCHAR,
    org VARCHAR,
    "commit" VARCHAR,
    revision VARCHAR,
    audited_at TIMESTAMP NOT NULL,
    verdict verdict NOT NULL,
    complete BOOLEAN NOT NULL,
    ruleset VARCHAR NOT NULL,
    files BIGINT NOT NULL,
    bytes_total BIGINT NOT NULL,
    bytes_fetched BIGINT NOT NULL,
    downloads BIGINT,
    likes BIGINT,
    last_modified TIMESTAMP,
    error VARCHAR,
    kind VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    requests BIGINT NOT NULL,
    seconds DOUBLE NOT NULL,
    selection VARCHAR
);

CREATE TABLE files (
    audit_id VARCHAR NOT NULL,
    repo_id VARCHAR NOT NULL,
    "commit" VARCHAR,
    path VARCHAR NOT NULL,
    blob VARCHAR NOT NULL,
    size BIGINT NOT NULL,
    format VARCHAR NOT NULL,
    verdict verdict NOT NULL,
    complete BOOLEAN NOT NULL,
    reused BOOLEAN NOT NULL,
    hint VARCHAR NOT NULL,
    bytes_examined BIGINT NOT NULL,
    bytes_inert BIGINT NOT NULL,
    bytes_fetched BIGINT NOT NULL,
    error VARCHAR
);

CREATE TABLE findings (
    found_at TIMESTAMP NOT NULL,
    sweep_id VARCHAR,
    audit_id VARCHAR NOT NULL,
    repo_id VARCHAR NOT NULL,
    repo_type VARCHAR,
    org VARCHAR,
    "commit" VARCHAR,
    path VARCHAR NOT NULL,
    member VARCHAR NOT NULL,
    blob VARCHAR NOT NULL,
    format VARCHAR NOT NULL,
    rule VARCHAR NOT NULL,
    severity severity NOT NULL,
    message VARCHAR NOT NULL,
    evidence JSON NOT NULL,
    "offset" BIGINT
);

-- What the scanners said of a content, whole: read back when the content is met again, and judged again by new rules.
CREATE TABLE blob_facts (
    blob VARCHAR NOT NULL,
    hint VARCHAR NOT NULL,
    scanners VARCHAR NOT NULL,
    size BIGINT NOT NULL,
    format VARCHAR NOT NULL,
    examined BIGINT NOT NULL,
    inert BIGINT NOT NULL,
    unexplained BIGINT NOT NULL,
    facts VARCHAR NOT NULL,
    stopped_code VARCHAR,
    stopped_message VARCHAR,
    sealed VARCHAR[] NOT NULL,
    scanned_at TIMESTAMP NOT NULL
);

-- The references among the facts, of the newest scan of each blob.
CREATE TABLE "references" (
    blob VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    module VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    used_as VARCHAR NOT NULL,
    member VARCHAR NOT NULL,
    scanners VARCHAR NOT NULL
);

-- A blob is judged under each name that routing tells apart (hint); the newest judgement of each stands, and the
-- worst of them speaks for the blob.
CREATE VIEW blobs AS
WITH judged AS (
    SELECT f.*, a.ruleset, a.audited_at
    FROM files AS f
    JOIN audits AS a USING (audit_id)
    QUALIFY row_number() OVER (PARTITION BY f.blob, f.hint, a.ruleset ORDER BY a.audited_at DESC, a.audit_id DESC) = 1
),
worst AS (
    SELECT blob, max(size) AS size, arg_max(format, verdict) AS format, ruleset, min(audited_at) AS judged_at,
        max(verdict) AS verdict, bool_and(complete) AS complete, max(bytes_examined) AS bytes_examined,
        min(bytes_inert) AS bytes_inert, min(error) AS error
    FROM judged
    GROUP BY blob, ruleset
),
scans AS (
    SELECT blob, max(scanned_at) AS scanned_at FROM blob_facts GROUP BY blob
)
SELECT w.blob, w.size, w.format, w.ruleset, coalesce(s.scanned_at, w.judged_at) AS scanned_at, w.verdict, w.complete,
    w.bytes_examined, w.bytes_inert, w.error
FROM worst AS w
LEFT JOIN scans AS s USING (blob);

-- Each audit with the moment from which another one of the same target speaks instead of it. An audit that never saw
-- a file (no access, no network), or that was told which files to look at, says nothing about the target as a whole
-- and replaces nothing.
CREATE VIEW reigns AS
SELECT audit_id, kind, repo_id, repo_type, org, audited_at, downloads,
    lead(audited_at) OVER (
        PARTITION BY kind, repo_type, repo_id ORDER BY audited_at, audit_id
    ) AS replaced_at
FROM audits
WHERE (error IS NULL OR files > 0) AND selection IS NULL;

CREATE VIEW current_findings AS
SELECT f.*
FROM findings AS f
SEMI JOIN (SELECT audit_id FROM reigns WHERE replaced_at IS NULL) AS newest USING (audit_id);

-- The state at the end of each week: a repo that was not audited in a week, because it did not change, still stands
-- as its last audit found it.
CREATE VIEW weekly_findings AS
WITH span AS (
    SELECT date_trunc('week', min(audited_at))::DATE AS first,
        date_trunc('week', greatest(max(audited_at), (SELECT max(started_at) FROM sweeps)))::DATE AS last
    FROM audits
),
weeks AS (
    SELECT unnest(generate_series(first::TIMESTAMP, last::TIMESTAMP, INTERVAL 7 DAY))::DATE AS week FROM span
),
standing AS (
    SELECT w.week, r.audit_id
    FROM weeks AS w
    JOIN reigns AS r
        ON r.audited_at < w.week + INTERVAL 7 DAY
        AND (r.replaced_at IS NULL OR r.replaced_at >= w.week + INTERVAL 7 DAY)
)
SELECT s.week, f.* FROM standing AS s JOIN findings AS f USING (audit_id);

CREATE VIEW trend AS
SELECT week, org, rule, severity, count(DISTINCT (repo_type, repo_id)) AS repos, count(*) AS findings
FROM weekly_findings
GROUP BY week, org, rule, severity;

CREATE VIEW exposure AS
SELECT f.repo_id, f.repo_type, f.org, f.rule, f.severity, count(*) AS findings,
    coalesce(any_value(r.downloads), 0) AS downloads, count(*) * coalesce(any_value(r.downloads), 0) AS exposure
FROM findings AS f
JOIN reigns AS r USING (audit_id)
WHERE r.replaced_at IS NULL
GROUP BY f.repo_id, f.repo_type, f.org, f.rule, f.severity;
