-- Which repos with critical or high findings are downloaded the most?
WITH risky AS (
    SELECT repo_id AS repo, coalesce(repo_type, '') AS type, max(severity) AS severity,
        sum(findings)::BIGINT AS findings, max(downloads) AS downloads
    FROM exposure WHERE severity >= 'high'::severity GROUP BY ALL
)
SELECT repo, type, severity, findings, downloads,
    (SELECT min(rank) FROM page_targets AS t WHERE (t.repo, t.type) = (risky.repo, risky.type)) AS rank,
    count(*) OVER () AS total
FROM risky WHERE downloads > 0
ORDER BY downloads DESC, repo LIMIT 100;
