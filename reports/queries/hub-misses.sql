-- Which critical and high findings does the Hub itself not show?
SELECT h.alarmed, f.severity, f.repo_id, f.path, f.rule
FROM hub_comparison AS h
JOIN current_findings AS f USING (repo_id, repo_type, path, blob)
WHERE h.alarmed NOT IN ('both', 'only the Hub') AND f.severity >= 'high'::severity
GROUP BY ALL
ORDER BY f.severity DESC, f.repo_id, f.path, f.rule;
