-- How does each target stand?
SELECT *, count(*) OVER () AS total FROM targets ORDER BY rank LIMIT 2000;
