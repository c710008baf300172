-- The findings that stand, each with the moment when it was first seen.
CREATE TEMP TABLE page_findings AS
SELECT f.audit_id, f.repo_id, f.org, left(f.path, 300) AS path, left(f.member, 300) AS member, f.rule,
    f.severity, left(f.message, 300) AS message, l.first_seen
FROM current_findings AS f
JOIN lifetimes AS l USING (repo_id, path, member, rule, severity)
WHERE l.repo_type IS NOT DISTINCT FROM f.repo_type;
