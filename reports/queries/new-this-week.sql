-- Which findings were first seen in the last seven days ($days for another number)?
SELECT first_seen, severity, repo_id, path, rule
FROM lifetimes
WHERE first_seen >= (SELECT max(audited_at) FROM audits) - to_days(coalesce($days::INTEGER, 7))
ORDER BY severity DESC, first_seen DESC, repo_id, path;
