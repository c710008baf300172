-- How many targets stood at the end of each week with each verdict?
SELECT w.week, a.verdict AS name, count(*) AS count
FROM weeks AS w
JOIN reigns AS r
    ON r.audited_at < w.week + INTERVAL 7 DAY AND (r.replaced_at IS NULL OR r.replaced_at >= w.week + INTERVAL 7 DAY)
JOIN audits AS a USING (audit_id)
WHERE NOT coalesce(starts_with(a.error, 'renamed:'), false)
GROUP BY ALL;
