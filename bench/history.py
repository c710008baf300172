"""A made-up history of any size: what `bench/report.py` measures and draws."""

import sys

import page

sys.path.insert(0, str(page.ROOT))

from reports.database import opened


def make(path, *, repos, sweeps, most, pause):
    """Write a database of nightly sweeps.

    `most`: findings of one audit at most; `pause`: nights between two changes of one repo, on the average.
    """
    with opened(path, write=True, wait=0) as connection:
        for statement in _statements(repos, sweeps, most, pause):
            connection.execute(statement)


def _statements(repos, sweeps, most, pause):
    yield """CREATE TEMP TABLE kinds AS SELECT *, row_number() OVER () - 1 AS kind FROM (SELECT unnest([
        {'rule': 'pickle-runs-code', 'severity': 'critical', 'message': 'loading calls posix.system(''id >/tmp/x'')'},
        {'rule': 'keras-lambda', 'severity': 'high', 'message': 'the Lambda layer lambda_3 carries compiled Python'},
        {'rule': 'pickle-reaches-out', 'severity': 'high', 'message': 'loading calls webbrowser.open(''http://h'')'},
        {'rule': 'pickle-unknown-call', 'severity': 'medium', 'message': 'loading calls acme_models.layers.Custom'},
        {'rule': 'pickle-unknown-import', 'severity': 'medium', 'message': 'acme_models.state is imported'},
        {'rule': 'zip-gap', 'severity': 'medium', 'message': '512 bytes at 4,096 belong to no member'},
        {'rule': 'file-type-mismatch', 'severity': 'low', 'message': 'the name says safetensors, the content JSON'},
        {'rule': 'zip-trailing', 'severity': 'low', 'message': '22 bytes behind the end of the archive'},
    ], max_depth := 2))"""
    # A repo in five carries something from some night on, and one in ten what nobody reads.
    yield f"""CREATE TEMP TABLE repos AS SELECT i, org, org || '/' || name AS repo_id, downloads, unread, turn, kind,
        turn + (hash(i + 6) % {2 * sweeps})::BIGINT AS mended,
        FROM (SELECT i, (['acme', 'birch', 'corvid', 'delta', 'elm', 'fjord', 'granite', 'harbour', 'iris', 'juniper',
            'kelp', 'lumen'])[1 + ((hash(i) % 144) ** 0.5)::INTEGER % 12]
                || CASE WHEN i < 600 THEN '' ELSE '-' || i // 600 END AS org,
            (['bert', 'whisper', 'resnet', 'llama', 'clip', 'unet', 't5', 'vit'])[1 + (hash(i) % 8)::INTEGER] || '-'
                || (['base', 'large', 'tiny', 'chat', 'tuned'])[1 + (hash(i + 7) % 5)::INTEGER] || '-' || i AS name,
            (10 ** (1.5 + hash(i + 3) % 400 / 100))::BIGINT AS downloads, hash(i + 2) % 100 < 11 AS unread,
            CASE WHEN hash(i + 1) % 100 < 4 THEN (hash(i + 4) % 3)::BIGINT WHEN hash(i + 1) % 100 < 13 THEN 4
                WHEN hash(i + 1) % 100 < 20 THEN 6 END AS kind,
            (hash(i + 5) % {sweeps})::BIGINT AS turn
        FROM range({repos}) AS t(i))"""
    yield f"""CREATE TEMP TABLE made AS SELECT *, 'a' || i || '-' || n AS audit_id, 's' || n AS sweep_id,
        CASE WHEN kind >= 0 AND n BETWEEN turn AND mended THEN (1 + hash(i + 8) % {most})::BIGINT ELSE 0 END AS found,
        TIMESTAMP '2026-11-22 02:00:00' - to_days(({sweeps - 1} - n)::INTEGER) AS audited_at
        FROM repos JOIN range({sweeps}) AS t(n)
            ON n = turn // 8 OR n = turn OR n = mended + 1 OR hash(i * 977 + n) % {pause} = 0 AND n > turn // 8"""
    yield f"""INSERT INTO sweeps BY NAME SELECT 's' || n AS sweep_id, started_at,
        started_at + INTERVAL 1 HOUR AS finished_at, ['acme'] AS targets, 'rules-1' AS ruleset,
        {repos} AS repos_listed, 0 AS repos_audited, 0 AS repos_unchanged, 0 AS files_scanned, 0 AS bytes_fetched,
        0 AS requests, 'complete' AS status
        FROM (SELECT n, min(audited_at) AS started_at FROM made GROUP BY n)"""
    yield """INSERT INTO audits BY NAME SELECT audit_id, sweep_id, repo_id, 'model' AS repo_type, org,
        left(sha256(audit_id), 40) AS "commit", 'main' AS revision, audited_at,
        CASE WHEN found > 0 AND kind < 3 THEN 'malicious' WHEN found > 0 AND kind = 4 THEN 'suspicious'
            WHEN unread THEN 'incomplete' ELSE 'clean' END AS verdict,
        NOT unread AS complete, 'rules-1' AS ruleset, 8 AS files, 500000000 AS bytes_total, 120000 AS bytes_fetched,
        downloads, 7 AS likes, audited_at AS last_modified, NULL AS error, 'repo' AS kind, '0.1.0' AS version,
        6 AS requests, 0.5 AS seconds, NULL AS selection FROM made"""
    yield """INSERT INTO files BY NAME SELECT audit_id, repo_id, NULL AS "commit", path,
        'sha256:' || sha256(i || path) AS blob, 60000000 AS size, format,
        CASE WHEN found > 0 AND bad AND kind < 3 THEN 'malicious' WHEN found > 0 AND bad AND kind = 4 THEN 'suspicious'
            WHEN NOT complete THEN 'incomplete' ELSE 'clean' END AS verdict,
        complete, true AS reused, '.bin' AS hint, 1000 AS bytes_examined, 0 AS bytes_inert, 0 AS bytes_fetched,
        CASE WHEN NOT complete THEN 'unsupported: ONNX is not read yet' END AS error
        FROM (SELECT *, path = 'pytorch_model.bin' AS bad, NOT (unread AND path = 'model.onnx') AS complete
            FROM made, (VALUES ('pytorch_model.bin', 'torch.zip'), ('config.json', 'json'), ('README.md', 'text'),
                ('model.safetensors', 'safetensors'), ('optimizer.pt', 'torch.zip'), ('tokenizer.json', 'json'),
                ('model.onnx', 'unknown'), ('model.h5', 'keras.hdf5')) AS paths(path, format))"""
    yield f"""INSERT INTO findings BY NAME SELECT audited_at AS found_at, sweep_id, audit_id, repo_id,
        'model' AS repo_type, org, left(sha256(audit_id), 40) AS "commit", 'pytorch_model.bin' AS path,
        'archive/data-' || k || '.pkl' AS member,
        'sha256:' || sha256(i || 'pytorch_model.bin') AS blob, 'torch.zip' AS format, rule, severity, message,
        '{{}}' AS evidence, 2 AS "offset"
        FROM made AS m, (SELECT unnest(range({most})) AS k) JOIN kinds
            ON kinds.kind = CASE WHEN k = 0 THEN m.kind WHEN m.kind < 6 THEN 3 + (hash(i + k) % 5)::BIGINT
                ELSE 6 + (hash(i + k) % 2)::BIGINT END
        WHERE k < found"""
