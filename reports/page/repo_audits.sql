-- How did the riskiest targets come to where they are?
WITH told AS (
    SELECT t.rank, a.* FROM page_riskiest AS t
    JOIN audits AS a ON a.repo_id = t.repo AND coalesce(a.repo_type, a.kind) = t.type
        AND CASE WHEN regexp_full_match(coalesce(a.revision, ''), '[0-9a-f]{40}|main|') THEN '' ELSE a.revision END
            = t.revision
    QUALIFY row_number() OVER (PARTITION BY t.rank ORDER BY a.audited_at DESC, a.audit_id DESC) <= 25
)
SELECT rank, audited_at, "commit", verdict, left(told.error, 300) AS error,
    count(*) FILTER (severity = 'critical') AS critical, count(*) FILTER (severity = 'high') AS high,
    count(*) FILTER (severity = 'medium') AS medium, count(*) FILTER (severity = 'low') AS low
FROM told LEFT JOIN (SELECT audit_id, severity FROM findings) USING (audit_id)
GROUP BY rank, audit_id, audited_at, "commit", verdict, told.error
ORDER BY rank, audited_at DESC, audit_id DESC;
