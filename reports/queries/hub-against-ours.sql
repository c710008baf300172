-- On how many of the files that stand now do the Hub's verdict and ours agree?
SELECT alarmed, count(*) AS files, count(DISTINCT repo_id) AS repos
FROM hub_comparison
GROUP BY alarmed
ORDER BY files DESC, alarmed;
