-- Which repos offer their weights as pickles and not as safetensors, the most downloaded first?
SELECT f.repo_id, any_value(r.downloads) AS downloads, count(*) AS pickles, max(f.verdict) AS worst
FROM files AS f
JOIN reigns AS r USING (audit_id)
WHERE r.replaced_at IS NULL AND r.kind = 'repo' AND (f.format LIKE '%pickle%' OR f.format LIKE 'torch%')
    AND f.audit_id NOT IN (SELECT audit_id FROM files WHERE format = 'safetensors')
GROUP BY f.repo_id, r.repo_type
ORDER BY downloads DESC NULLS LAST, f.repo_id;
