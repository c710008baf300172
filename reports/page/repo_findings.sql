-- What is found in the riskiest targets?
WITH found AS (
    SELECT rank, f.severity, f.rule, f.path, min(f.member) AS member, count(DISTINCT f.member) AS members,
        left(arg_min(f.message, f.member), 300) AS message, min(l.first_seen) AS first_seen
    FROM (SELECT rank, audit_id FROM riskiest) AS t
    JOIN current_findings AS f USING (audit_id)
    JOIN lifetimes AS l USING (repo_id, path, member, rule, severity)
    GROUP BY rank, f.severity, f.rule, f.path
)
SELECT *, count(*) OVER (PARTITION BY rank) AS total FROM found
QUALIFY row_number() OVER (PARTITION BY rank ORDER BY severity DESC, path, rule) <= 25
ORDER BY rank, severity DESC, path, rule;
