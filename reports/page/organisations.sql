-- How does each organisation stand?
WITH stood AS (
    SELECT org, week, coalesce(sum(findings), 0)::BIGINT AS findings
    FROM (SELECT DISTINCT org FROM page_targets) CROSS JOIN page_weeks LEFT JOIN page_weekly USING (org, week) GROUP BY ALL
),
lines AS (SELECT org, list(findings ORDER BY week) AS weekly FROM stood GROUP BY org)
SELECT org, count(*) AS repos, count(*) FILTER (verdict = 'malicious') AS malicious,
    count(*) FILTER (verdict = 'suspicious') AS suspicious, count(*) FILTER (verdict = 'incomplete') AS incomplete,
    count(*) FILTER (verdict = 'clean') AS clean, sum(critical + high)::BIGINT AS findings,
    sum(downloads) FILTER (verdict = 'malicious')::BIGINT AS downloads, any_value(weekly) AS weekly,
    count(*) OVER () AS total
FROM page_targets JOIN lines USING (org)
GROUP BY org ORDER BY malicious DESC, suspicious DESC, incomplete DESC, repos DESC, org LIMIT 300;
