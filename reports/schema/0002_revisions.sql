-- A pull request, a tag or another branch speaks for itself and not for its repo; a commit that is named by its id
-- stands for the default branch, as users pin what they load. A repo that was renamed has nothing any more: its new
-- name speaks for it.
CREATE OR REPLACE VIEW reigns AS
SELECT audit_id, kind, repo_id, repo_type, org, audited_at, downloads,
    lead(audited_at) OVER (
        PARTITION BY kind, repo_type, repo_id,
            CASE WHEN regexp_full_match(coalesce(revision, ''), '[0-9a-f]{40}|') THEN 'main' ELSE revision END
        ORDER BY audited_at, audit_id
    ) AS replaced_at
FROM audits
WHERE (error IS NULL OR files > 0 OR starts_with(error, 'renamed:')) AND selection IS NULL;
