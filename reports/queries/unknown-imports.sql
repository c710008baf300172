-- Which packages that nobody has reviewed are imported by the most repos?
SELECT json_extract_string(evidence, '$.package') AS package, count(DISTINCT repo_id) AS repos,
    count(DISTINCT blob) AS blobs, max(severity) AS severity
FROM current_findings
WHERE json_extract_string(evidence, '$.package') IS NOT NULL
GROUP BY package
ORDER BY repos DESC, blobs DESC, package;
