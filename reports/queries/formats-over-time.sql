-- How large is the share of pickles and of safetensors among the weights that were audited, month by month?
SELECT date_trunc('month', a.audited_at)::DATE AS month, count(DISTINCT f.blob) AS weights,
    round(100 * count(DISTINCT f.blob) FILTER (f.format LIKE '%pickle%' OR f.format LIKE 'torch%') / count(DISTINCT f.blob), 1)
        AS pickle_percent,
    round(100 * count(DISTINCT f.blob) FILTER (f.format = 'safetensors') / count(DISTINCT f.blob), 1)
        AS safetensors_percent
FROM files AS f
JOIN audits AS a USING (audit_id)
WHERE f.format LIKE '%pickle%' OR f.format LIKE 'torch%' OR f.format = 'safetensors' OR f.format LIKE '%hdf5%'
    OR f.format LIKE '%keras%' OR f.format LIKE 'tensorflow%' OR f.format LIKE 'onnx%' OR f.format = 'gguf'
GROUP BY month
ORDER BY month;
