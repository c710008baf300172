-- How does each target stand?
SELECT *, count(*) OVER () AS total FROM page_targets ORDER BY rank LIMIT 2000;
