-- What did the last sweeps cost?
SELECT started_at, status, repos_listed, repos_audited, repos_unchanged, files_scanned, bytes_fetched, requests
FROM sweeps
ORDER BY started_at DESC
LIMIT coalesce($last::INTEGER, 20);
