-- What could not be examined, and why?
SELECT error, count(*) AS files, count(DISTINCT f.repo_id) AS repos
FROM files AS f
JOIN reigns AS r USING (audit_id)
WHERE NOT f.complete AND r.replaced_at IS NULL
GROUP BY error
ORDER BY files DESC, error;
