"""The statements about results that are kept outside their rows, stored or cached."""

# A result that is put together from stored ones counts their bytes too.
INSERT_RESULT_OF_PARTS = """
INSERT INTO orchestrator_storedresult (id, serializer, path, size, digest, type_name, preview, document, part_ids)
SELECT %(id)s::uuid, %(serializer)s::text, '', %(size)s::bigint + coalesce(sum(p.size), 0), '', %(type_name)s::text,
    %(preview)s::text, %(document)s::jsonb, %(part_ids)s::uuid[]
FROM orchestrator_storedresult p WHERE p.id = ANY(%(part_ids)s::uuid[])
"""

DELETE_UNNAMED_RESULTS = """
DELETE FROM orchestrator_storedresult WHERE id = ANY(ARRAY(
    SELECT s.id FROM orchestrator_storedresult s
    WHERE s.created_at < %(before)s::timestamptz
        AND NOT EXISTS (SELECT 1 FROM orchestrator_taskrun t WHERE t.stored_result_id = s.id OFFSET 0)
        AND NOT EXISTS (SELECT 1 FROM orchestrator_flowrun r WHERE r.stored_result_id = s.id OFFSET 0)
        AND NOT EXISTS (SELECT 1 FROM orchestrator_cachedresult c WHERE c.stored_result_id = s.id OFFSET 0)
        AND NOT EXISTS (SELECT 1 FROM orchestrator_storedresult w WHERE w.part_ids @> ARRAY[s.id] OFFSET 0)
    LIMIT 500 FOR UPDATE SKIP LOCKED
))
RETURNING path
"""

STORE_CACHED = """
INSERT INTO orchestrator_cachedresult AS c (key, project_id, flow_run_id, result, stored_result_id, inputs, parameters,
    expires_at)
SELECT DISTINCT ON (g.key) g.key, %(project_id)s::bigint, %(flow_run_id)s::uuid, g.result, g.stored, g.inputs,
    g.parameters, now() + g.seconds * interval '1 second'
FROM json_to_recordset(%(entries)s::json) AS g(key text, seconds float8, result jsonb, stored uuid, inputs jsonb,
    parameters jsonb)
ORDER BY g.key
ON CONFLICT (key) DO UPDATE SET flow_run_id = excluded.flow_run_id, result = excluded.result,
    stored_result_id = excluded.stored_result_id, inputs = excluded.inputs, parameters = excluded.parameters,
    expires_at = excluded.expires_at
"""
