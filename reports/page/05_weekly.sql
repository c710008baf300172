-- Findings as they stood at the end of each week.
CREATE TEMP TABLE weekly AS
SELECT week, coalesce(org, '') AS org, rule, severity, count(*) AS findings
FROM weekly_findings SEMI JOIN weeks USING (week)
GROUP BY ALL;
