-- What could not be examined, and why?
WITH reasons AS (
    SELECT coalesce(f.error, 'without a reason') AS reason, f.repo_id AS repo, f.format FROM files AS f
    SEMI JOIN page_targets USING (audit_id) WHERE NOT f.complete
    UNION ALL
    SELECT error, repo, 'whole repo' FROM page_targets WHERE error IS NOT NULL
)
SELECT left(reason, 300) AS reason, format, count(*) AS files, count(DISTINCT repo) AS repos, count(*) OVER () AS total
FROM reasons GROUP BY ALL ORDER BY files DESC, reason, format LIMIT 100;
