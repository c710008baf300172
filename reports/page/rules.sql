-- Which rules find the most?
WITH stood AS (
    SELECT rule, week, coalesce(sum(findings), 0)::BIGINT AS findings
    FROM (SELECT DISTINCT rule FROM page_findings) CROSS JOIN page_weeks LEFT JOIN page_weekly USING (rule, week) GROUP BY ALL
),
lines AS (SELECT rule, list(findings ORDER BY week) AS weekly FROM stood GROUP BY rule)
SELECT rule, max(severity) AS severity, count(*) AS findings, count(DISTINCT repo_id) AS repos,
    count(DISTINCT org) AS orgs, any_value(weekly) AS weekly, count(*) OVER () AS total
FROM page_findings JOIN lines USING (rule)
GROUP BY rule ORDER BY max(severity) DESC, findings DESC, rule LIMIT 300;
