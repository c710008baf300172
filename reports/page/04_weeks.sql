-- The last 26 weeks of the history.
CREATE TEMP TABLE weeks AS
SELECT unnest(generate_series(
    greatest(date_trunc('week', min(audited_at)), newest - INTERVAL 175 DAY), newest, INTERVAL 7 DAY
))::DATE AS week
FROM audits, (
    SELECT date_trunc('week', greatest(max(audited_at), (SELECT max(started_at) FROM sweeps)))::TIMESTAMP AS newest
    FROM audits
) GROUP BY newest;
