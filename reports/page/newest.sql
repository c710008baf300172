-- Which of the findings that stand were seen first in the last time?
WITH late AS (
    SELECT repo_id, repo_type, path, rule, severity, min(first_seen) AS first_seen, min(member) AS member,
        count(DISTINCT member) AS members, count(*) OVER () AS total
    FROM lifetimes WHERE current GROUP BY repo_id, repo_type, path, rule, severity
    ORDER BY min(first_seen) DESC, severity DESC, repo_id, path, rule LIMIT 300
)
SELECT late.first_seen, late.severity, repo_id AS repo, path, member, members, rule, total,
    left(min(message), 300) AS message, min(rank) AS rank
FROM late
JOIN current_findings AS f USING (repo_id, path, member, rule, severity)
LEFT JOIN targets USING (audit_id)
WHERE f.repo_type IS NOT DISTINCT FROM late.repo_type
GROUP BY late.first_seen, late.severity, repo_id, path, member, members, rule, total
ORDER BY late.first_seen DESC, late.severity DESC, repo, path, rule;
