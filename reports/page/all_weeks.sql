-- Which weeks are shown?
FROM weeks ORDER BY week;
