-- The findings that stand, each with the moment when it was first seen.
CREATE TEMP TABLE page_findings AS
SELECT f.rowid AS finding, f.audit_id, f.repo_id, f.org, left(f.path, 300) AS path, left(f.member, 300) AS member,
    f.rule, f.severity, left(f.message, 300) AS message, l.first_seen, f.rowid IN (FROM page_accepted) AS suppressed
FROM findings AS f
SEMI JOIN (SELECT audit_id FROM reigns WHERE replaced_at IS NULL) AS newest USING (audit_id)
JOIN lifetimes AS l USING (repo_id, path, member, rule, severity)
WHERE l.repo_type IS NOT DISTINCT FROM f.repo_type;
