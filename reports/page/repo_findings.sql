-- What is found in the riskiest targets?
WITH found AS (
    SELECT rank, severity, rule, path, min(member) AS member, count(DISTINCT member) AS members,
        arg_min(message, member) AS message, min(first_seen) AS first_seen, bool_and(suppressed) AS suppressed
    FROM page_findings JOIN page_riskiest USING (audit_id)
    GROUP BY rank, severity, rule, path
)
SELECT *, count(*) OVER (PARTITION BY rank) AS total FROM found
QUALIFY row_number() OVER (PARTITION BY rank ORDER BY severity DESC, path, rule) <= 25
ORDER BY rank, severity DESC, path, rule;
