-- Which contents that are not clean are carried by repos of several organisations?
SELECT blob, format, verdict, repos, orgs
FROM shared_blobs
WHERE orgs > 1 AND verdict > 'clean'
ORDER BY verdict DESC, repos DESC, blob;
