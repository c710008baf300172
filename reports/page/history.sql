-- What does the history rest on?
SELECT count(*) AS audits, min(audited_at) AS since, max(audited_at) AS until, (SELECT count(*) FROM page_targets) AS repos,
    (SELECT sum(files)::BIGINT FROM page_targets) AS files, (SELECT count(*) FROM findings) AS recorded,
    (SELECT sum(critical + high + medium + low)::BIGINT FROM page_targets) AS findings,
    (SELECT count(*) FROM page_findings WHERE suppressed) AS suppressed,
    (SELECT count(*) FROM sweeps) AS sweeps, arg_max(ruleset, audited_at) AS ruleset
FROM audits;
