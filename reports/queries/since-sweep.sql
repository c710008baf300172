-- What is new and what is resolved since the sweep before the last one ($sweep: since another one, by its id)?
SELECT if(sum(if(change = 'new', 1, -1)) > 0, 'new', 'resolved') AS change, severity, repo_id, path, rule
FROM changes
WHERE changed_at > (
    SELECT coalesce(finished_at, started_at) FROM sweeps
    WHERE sweep_id = coalesce($sweep, (SELECT sweep_id FROM sweeps ORDER BY started_at DESC LIMIT 1 OFFSET 1))
)
GROUP BY severity, repo_type, repo_id, path, member, rule
HAVING sum(if(change = 'new', 1, -1)) <> 0
ORDER BY change, severity DESC, repo_id, path, rule;
