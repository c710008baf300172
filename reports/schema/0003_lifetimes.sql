-- When a finding was first and last seen in a repo, whatever commit it was.
CREATE VIEW lifetimes AS
SELECT repo_id, repo_type, org, path, member, rule, severity, min(found_at) AS first_seen, max(found_at) AS last_seen,
    bool_or(audit_id IN (SELECT audit_id FROM reigns WHERE replaced_at IS NULL)) AS current
FROM findings
GROUP BY ALL;

-- Contents that several repos carry.
CREATE VIEW shared_blobs AS
SELECT f.blob, any_value(f.format) AS format, max(f.size) AS size, max(f.verdict) AS verdict,
    count(DISTINCT a.repo_id) AS repos, count(DISTINCT a.org) AS orgs
FROM files AS f
JOIN audits AS a USING (audit_id)
WHERE a.kind = 'repo'
GROUP BY f.blob
HAVING count(DISTINCT a.repo_id) > 1;
