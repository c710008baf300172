-- What is new and what is resolved since the sweep before the last one ($sweep: since another one, by its id)?
WITH since AS MATERIALIZED (
    SELECT audit_id, replaces FROM reigns
    WHERE audited_at > (
        SELECT coalesce(finished_at, started_at) FROM sweeps
        WHERE sweep_id = coalesce($sweep, (SELECT sweep_id FROM sweeps ORDER BY started_at DESC LIMIT 1 OFFSET 1))
    )
),
said AS (
    SELECT s.audit_id, 1 AS sign, f.repo_type, f.repo_id, f.path, f.member, f.rule, f.severity
    FROM since AS s JOIN findings AS f USING (audit_id)
    UNION
    SELECT s.audit_id, -1, f.repo_type, f.repo_id, f.path, f.member, f.rule, f.severity
    FROM since AS s JOIN findings AS f ON f.audit_id = s.replaces
)
SELECT if(sum(sign) > 0, 'new', 'resolved') AS change, severity, repo_id, path, rule
FROM said
GROUP BY severity, repo_type, repo_id, path, member, rule
HAVING sum(sign) <> 0
ORDER BY change, severity DESC, repo_id, path, rule;
