-- How large is the share of pickles and of safetensors among the weights that were audited, month by month?
WITH weights AS (
    SELECT DISTINCT date_trunc('month', a.audited_at)::DATE AS month, f.blob, f.format = 'safetensors' AS safetensors,
        f.format LIKE '%pickle%' OR f.format LIKE 'torch%' AS pickle
    FROM files AS f
    JOIN audits AS a USING (audit_id)
    WHERE f.format LIKE '%pickle%' OR f.format LIKE 'torch%' OR f.format = 'safetensors' OR f.format LIKE '%hdf5%'
        OR f.format LIKE '%keras%' OR f.format LIKE 'tensorflow%' OR f.format LIKE 'onnx%' OR f.format = 'gguf'
)
SELECT month, count(*) AS weights, round(100 * count(*) FILTER (pickle) / count(*), 1) AS pickle_percent,
    round(100 * count(*) FILTER (safetensors) / count(*), 1) AS safetensors_percent
FROM weights
GROUP BY month
ORDER BY month;
