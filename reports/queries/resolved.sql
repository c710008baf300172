-- Which critical and high findings are gone from repos that still exist?
SELECT repo_id, path, rule, severity, first_seen, last_seen
FROM lifetimes
WHERE NOT current AND severity >= 'high'::severity
ORDER BY last_seen DESC, repo_id, path;
