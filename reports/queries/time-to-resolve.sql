-- How many days did findings stand before they were resolved, by severity?
SELECT severity, count(*) FILTER (NOT current) AS resolved,
    round(median(date_diff('hour', first_seen, last_seen) / 24) FILTER (NOT current), 1) AS median_days,
    count(*) FILTER (current) AS standing
FROM lifetimes
GROUP BY severity
ORDER BY severity DESC;
