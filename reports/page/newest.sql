-- Which of the findings that stand were seen first in the last time?
SELECT min(first_seen) AS first_seen, severity, repo, rank, path, min(member) AS member,
    count(DISTINCT member) AS members, rule, arg_min(message, member) AS message,
    bool_and(suppressed) AS suppressed, count(*) OVER () AS total
FROM page_findings JOIN page_targets USING (audit_id)
GROUP BY severity, repo, rank, path, rule
ORDER BY min(first_seen) DESC, severity DESC, rank, path, rule LIMIT 300;
