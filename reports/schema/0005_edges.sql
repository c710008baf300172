-- The other repos of the Hub that the files that stand now name, each with the revision that it is pinned to, if it is.
CREATE VIEW edges AS
WITH named AS (
    SELECT blob, kind, used_as,
        CASE kind WHEN 'transformers.auto_map' THEN split_part(module || '.' || name, '--', 1) ELSE module || '/' || name
        END AS told
    FROM "references"
    WHERE kind IN ('hub.repo', 'transformers.kernel')
        OR (kind = 'transformers.auto_map' AND contains(module || '.' || name, '--'))
)
SELECT DISTINCT f.audit_id, f.repo_id, r.repo_type, r.org, f."commit", f.path, f.blob, n.kind,
    regexp_extract(n.told, '^[^@:]+') AS target, nullif(regexp_extract(n.told, '@([^:]+)', 1), '') AS revision
FROM files AS f
JOIN reigns AS r USING (audit_id)
JOIN named AS n USING (blob)
WHERE r.replaced_at IS NULL AND r.kind = 'repo';
