-- How many targets have each verdict, and how often those are downloaded a month?
SELECT v.verdict, count(repo) AS repos, coalesce(sum(downloads), 0)::BIGINT AS downloads
FROM (SELECT unnest(enum_range(NULL::verdict))::verdict AS verdict) AS v LEFT JOIN page_targets USING (verdict)
GROUP BY v.verdict ORDER BY v.verdict DESC;
