-- Which weights of the riskiest targets are clean safetensors, which loaders take instead of others?
SELECT rank, path FROM files JOIN page_riskiest USING (audit_id)
WHERE files.verdict = 'clean' AND contains(path, '.safetensors');
