-- Findings as they stood at the end of each week.
CREATE TEMP TABLE page_weekly AS
SELECT week, coalesce(org, '') AS org, rule, severity, count(*) AS findings
FROM weekly_findings SEMI JOIN page_weeks USING (week)
GROUP BY ALL;
