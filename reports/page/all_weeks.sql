-- Which weeks are shown?
FROM page_weeks ORDER BY week;
