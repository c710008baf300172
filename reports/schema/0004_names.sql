-- What is referenced is written once, and stands in each blob by its number: of 10 million references some ten thousand
-- names differ, and a pattern is held against these alone.
CREATE TABLE names (
    name_id BIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    module VARCHAR NOT NULL,
    name VARCHAR NOT NULL
);
CREATE TABLE blob_references (
    blob VARCHAR NOT NULL,
    name_id BIGINT NOT NULL,
    used_as VARCHAR NOT NULL,
    member VARCHAR NOT NULL,
    scanners VARCHAR NOT NULL
);
INSERT INTO names
SELECT row_number() OVER (ORDER BY kind, module, name), kind, module, name
FROM (SELECT DISTINCT kind, module, name FROM "references");
INSERT INTO blob_references
SELECT blob, name_id, used_as, member, scanners FROM "references" JOIN names USING (kind, module, name);
DROP TABLE "references";
CREATE VIEW "references" AS
SELECT blob, kind, module, name, used_as, member, scanners FROM blob_references JOIN names USING (name_id);

-- What the Hub's own scanners say of a file: one row for each scanner, `hub` being what the Hub makes of them all. A
-- file without a row, or whose status is none of safe, caution, suspicious and unsafe, was not scanned.
CREATE TABLE hub_verdicts (
    repo_id VARCHAR NOT NULL,
    repo_type VARCHAR,
    path VARCHAR NOT NULL,
    blob VARCHAR NOT NULL,
    scanner VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    message VARCHAR,
    version VARCHAR,
    seen_at TIMESTAMP NOT NULL
);

-- As before, with the audit that each one replaces.
CREATE OR REPLACE VIEW reigns AS
SELECT audit_id, kind, repo_id, repo_type, org, audited_at, downloads, lead(audited_at) OVER target AS replaced_at,
    lag(audit_id) OVER target AS replaces, sweep_id
FROM audits
WHERE (error IS NULL OR files > 0 OR starts_with(error, 'renamed:')) AND selection IS NULL
WINDOW target AS (
    PARTITION BY kind, repo_type, repo_id,
        CASE WHEN regexp_full_match(coalesce(revision, ''), '[0-9a-f]{40}|') THEN 'main' ELSE revision END
    ORDER BY audited_at, audit_id
);

-- The findings that each audit brought and took away, against the audit that it replaces.
CREATE VIEW changes AS
SELECT DISTINCT 'new' AS change, r.audited_at AS changed_at, r.sweep_id, r.audit_id, f.repo_id, f.repo_type, f.org,
    f.path, f.member, f.rule, f.severity
FROM reigns AS r
JOIN findings AS f USING (audit_id)
ANTI JOIN findings AS other ON other.audit_id = r.replaces AND other.path = f.path AND other.member = f.member
    AND other.rule = f.rule AND other.severity = f.severity
UNION ALL
SELECT DISTINCT 'resolved', r.audited_at, r.sweep_id, r.audit_id, f.repo_id, f.repo_type, f.org,
    f.path, f.member, f.rule, f.severity
FROM reigns AS r
JOIN findings AS f ON f.audit_id = r.replaces
ANTI JOIN findings AS other ON other.audit_id = r.audit_id AND other.path = f.path AND other.member = f.member
    AND other.rule = f.rule AND other.severity = f.severity;

CREATE VIEW weeks AS
SELECT unnest(generate_series(first, last, INTERVAL 7 DAY))::DATE AS week
FROM (
    SELECT date_trunc('week', min(audited_at))::TIMESTAMP AS first,
        date_trunc('week', greatest(max(audited_at), (SELECT max(started_at) FROM sweeps)))::TIMESTAMP AS last
    FROM audits
);

-- The audits that stand at the end of each week: a repo that was not audited in a week, because it did not change,
-- still stands as its last audit found it.
CREATE VIEW standing AS
SELECT w.week, r.audit_id
FROM weeks AS w
JOIN reigns AS r
    ON r.audited_at < w.week + INTERVAL 7 DAY AND (r.replaced_at IS NULL OR r.replaced_at >= w.week + INTERVAL 7 DAY);

CREATE OR REPLACE VIEW weekly_findings AS
SELECT s.week, f.* FROM standing AS s JOIN findings AS f USING (audit_id);

-- Counted within each audit before the weeks are laid out.
CREATE OR REPLACE VIEW trend AS
SELECT s.week, c.org, c.rule, c.severity, count(DISTINCT (c.repo_type, c.repo_id)) AS repos,
    sum(c.findings)::BIGINT AS findings
FROM standing AS s
JOIN (
    SELECT audit_id, repo_type, repo_id, org, rule, severity, count(*) AS findings FROM findings GROUP BY ALL
) AS c USING (audit_id)
GROUP BY s.week, c.org, c.rule, c.severity;

-- Most contents are in one repo: they are left out before anything is counted.
CREATE OR REPLACE VIEW shared_blobs AS
SELECT f.blob, any_value(f.format) AS format, max(f.size) AS size, max(f.verdict) AS verdict,
    count(DISTINCT a.repo_id) AS repos, count(DISTINCT a.org) AS orgs
FROM files AS f
SEMI JOIN (SELECT blob FROM files GROUP BY blob HAVING min(repo_id) <> max(repo_id)) AS several USING (blob)
JOIN audits AS a USING (audit_id)
WHERE a.kind = 'repo'
GROUP BY f.blob
HAVING count(DISTINCT a.repo_id) > 1;

-- The files that stand now, with the Hub's newest verdict on the same content beside ours.
CREATE VIEW hub_comparison AS
WITH hub AS (
    SELECT repo_id, repo_type, path, blob, arg_max(status, seen_at) AS status FROM hub_verdicts
    WHERE scanner = 'hub' GROUP BY ALL
)
SELECT f.repo_id, r.repo_type, r.org, f.path, f.blob, f.format, f.verdict AS ours, h.status AS theirs,
    CASE
        WHEN h.status IN ('caution', 'suspicious', 'unsafe')
            THEN if(f.verdict >= 'suspicious'::verdict, 'both', 'only the Hub')
        WHEN h.status = 'safe' THEN if(f.verdict >= 'suspicious'::verdict, 'only hub-audit', 'neither')
        ELSE 'not scanned by the Hub'
    END AS alarmed
FROM files AS f
JOIN reigns AS r USING (audit_id)
LEFT JOIN hub AS h ON (h.repo_id, h.path, h.blob) = (f.repo_id, f.path, f.blob)
    AND h.repo_type IS NOT DISTINCT FROM r.repo_type
WHERE r.replaced_at IS NULL AND r.kind = 'repo';
