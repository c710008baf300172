-- What stands: of each target the audit that speaks for it, and of targets that no audit ever reached the newest
-- attempt; the riskiest first.
CREATE TEMP TABLE page_targets AS
WITH known AS (
    SELECT *, coalesce(repo_type, kind) AS type FROM audits
    WHERE selection IS NULL AND NOT coalesce(starts_with(error, 'renamed:'), false)
),
newest AS (
    FROM known SEMI JOIN (SELECT audit_id FROM reigns WHERE replaced_at IS NULL) AS reigning USING (audit_id)
),
never_seen AS (
    FROM known ANTI JOIN (SELECT coalesce(repo_type, kind) AS type, repo_id FROM reigns) AS seen USING (type, repo_id)
    QUALIFY row_number() OVER (PARTITION BY type, repo_id ORDER BY audited_at DESC, audit_id DESC) = 1
),
counted AS (
    SELECT audit_id, count(*) FILTER (severity = 'critical') AS critical, count(*) FILTER (severity = 'high') AS high,
        count(*) FILTER (severity = 'medium') AS medium, count(*) FILTER (severity = 'low') AS low
    FROM page_findings GROUP BY audit_id
)
SELECT row_number() OVER (ORDER BY verdict DESC, critical DESC, high DESC, medium DESC, downloads DESC, repo_id, type)
        AS rank,
    audit_id, type, repo_id AS repo, coalesce(org, '') AS org, "commit", audited_at, verdict, files, bytes_total,
    CASE WHEN regexp_full_match(coalesce(revision, ''), '[0-9a-f]{40}|main|') THEN '' ELSE revision END AS revision,
    left(error, 300) AS error, coalesce(downloads, 0) AS downloads, coalesce(critical, 0) AS critical, coalesce(high, 0) AS high,
    coalesce(medium, 0) AS medium, coalesce(low, 0) AS low
FROM (FROM newest UNION ALL BY NAME FROM never_seen) LEFT JOIN counted USING (audit_id);
