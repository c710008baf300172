-- How many findings of each severity stood at the end of each week?
SELECT week, severity AS name, sum(findings)::BIGINT AS count FROM page_weekly GROUP BY ALL;
