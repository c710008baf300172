-- How many targets stood at the end of each week with each verdict?
SELECT week, a.verdict AS name, count(*) AS count
FROM standing SEMI JOIN page_weeks USING (week)
JOIN audits AS a USING (audit_id)
WHERE NOT coalesce(starts_with(a.error, 'renamed:'), false)
GROUP BY week, a.verdict;
