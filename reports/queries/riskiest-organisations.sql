-- Which organisations have the most and the worst findings now?
SELECT org, count(DISTINCT repo_id) AS repos, count(*) FILTER (severity = 'critical') AS critical,
    count(*) FILTER (severity = 'high') AS high, count(*) FILTER (severity = 'medium') AS medium
FROM current_findings
GROUP BY org
ORDER BY critical DESC, high DESC, medium DESC, org;
