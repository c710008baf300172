-- What do the files of each format come to?
SELECT f.format, count(*) AS files, count(DISTINCT f.blob) AS blobs,
    count(*) FILTER (f.verdict = 'malicious') AS malicious, count(*) FILTER (f.verdict = 'suspicious') AS suspicious,
    count(*) FILTER (f.verdict = 'incomplete') AS incomplete, count(*) FILTER (f.verdict = 'clean') AS clean,
    sum(f.size)::BIGINT AS bytes, count(*) OVER () AS total
FROM files AS f SEMI JOIN page_targets USING (audit_id)
GROUP BY f.format ORDER BY malicious DESC, suspicious DESC, incomplete DESC, files DESC, f.format LIMIT 200;
