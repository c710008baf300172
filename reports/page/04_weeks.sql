-- The last 26 weeks of the history.
CREATE TEMP TABLE page_weeks AS SELECT week FROM weeks ORDER BY week DESC LIMIT 26;
