-- Which repos with critical or high findings are downloaded the most?
SELECT repo_id, max(severity) AS severity, sum(findings)::BIGINT AS findings, max(downloads) AS downloads
FROM exposure
WHERE severity >= 'high'::severity
GROUP BY repo_id
ORDER BY downloads DESC, severity DESC, repo_id;
