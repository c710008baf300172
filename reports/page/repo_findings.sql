-- What is found in the riskiest targets?
WITH found AS (
    SELECT rank, audit_id, severity, rule, path, min(member) AS member, count(DISTINCT member) AS members,
        arg_min(message, member) AS message, min(first_seen) AS first_seen, bool_and(suppressed) AS suppressed,
        arg_min(finding, member) AS finding
    FROM page_findings JOIN page_riskiest USING (audit_id)
    GROUP BY rank, audit_id, severity, rule, path
),
shown AS (
    SELECT *, count(*) OVER (PARTITION BY rank) AS total FROM found
    QUALIFY row_number() OVER (PARTITION BY rank ORDER BY severity DESC, path, rule) <= 25
)
SELECT shown.* EXCLUDE (audit_id, finding), said.format, said.evidence
FROM shown JOIN findings AS said ON said.rowid = shown.finding
ORDER BY rank, shown.severity DESC, shown.path, shown.rule;
