-- execution_logs: each row is the one attempt of a run that is only there. The run's id is made from
-- the row's time (milliseconds, then the rest of the microseconds) and a hash of its user and id: the
-- same each time, and in the order that the rows were written in.
CREATE TABLE old_service.plan_users AS
  SELECT r ->> 'id' AS id, max(r ->> 'user_id') AS user_id FROM old_service.rows_execution_plans
  WHERE r ->> 'id' IS NOT NULL AND old_service.given(r ->> 'user_id') IS NOT NULL GROUP BY 1;
ALTER TABLE old_service.plan_users ADD PRIMARY KEY (id);

CREATE VIEW old_service.read_logs AS
  SELECT r,
    coalesce(old_service.given(r ->> 'user_id'),
             (SELECT p.user_id FROM old_service.plan_users p WHERE p.id = r ->> 'plan_id'))
      AS user_id,
    coalesce(old_service.moment(r ->> 'timestamp'), old_service.moment(r ->> 'created_at'),
             'epoch') AS at,
    CASE
      WHEN lower(r ->> 'status') IN ('success', 'error', 'retrying', 'timeout', 'skipped',
                                     'unknown') THEN lower(r ->> 'status')
      WHEN lower(r ->> 'status') IN ('succeeded', 'completed', 'complete', 'ok') THEN 'success'
      WHEN lower(r ->> 'status') IN ('failed', 'failure', 'fail') THEN 'error'
      WHEN lower(r ->> 'status') = 'retry' THEN 'retrying'
      ELSE 'unknown' END AS status
  FROM old_service.rows_execution_logs OFFSET 0;

CREATE VIEW old_service.hashed_logs AS
  SELECT *, lpad(to_hex(micros / 1000), 12, '0') AS millis_hex,
    lpad(to_hex(micros % 1000 * 4096 / 1000), 3, '0') AS rest_hex, encode(hash, 'hex') AS hash_hex
  FROM (SELECT *, (extract(epoch FROM at) * 1000000)::bigint AS micros,
          sha256(convert_to(coalesce(user_id, '') || chr(31) || coalesce(r ->> 'id', md5(r::text)),
                            'UTF8')) AS hash
        FROM old_service.read_logs OFFSET 0) AS l OFFSET 0;

CREATE VIEW old_service.now_execution_logs AS
  SELECT user_id,
    left(millis_hex, 8) || '-' || right(millis_hex, 4) || '-7' || rest_hex || '-'
      || substr('89ab', 1 + (get_byte(hash, 0) & 3), 1) || substr(hash_hex, 3, 3) || '-'
      || substr(hash_hex, 7, 12) AS run_id,
    greatest(coalesce(old_service.whole(r ->> 'latency_ms'), 0), 0) AS latency_ms, at,
    least(greatest(coalesce(old_service.whole(r ->> 'step_number'), 0), 0), 1000000)::integer
      AS step_number,
    coalesce(r ->> 'plan_id', '') AS plan_id, coalesce(r ->> 'plan_name', '') AS plan_name,
    coalesce(r ->> 'provider', '') AS provider, coalesce(r ->> 'action', '') AS action, status,
    coalesce(r ->> 'message', '') AS message, old_service.given(r ->> 'error') AS error,
    r ->> 'output_preview' AS preview, r ->> 'id' AS old_id,
    CASE WHEN user_id IS NULL
      THEN 'it belongs to nobody: no user_id, and no plan that has one' END AS why_left,
    old_service.reasons(
      CASE WHEN old_service.given(r ->> 'user_id') IS NULL
        THEN 'it had no user_id and has its plan''s' END,
      CASE WHEN status <> coalesce(r ->> 'status', '')
        THEN format('status %s became %s', coalesce(quote_ident(left(r ->> 'status', 40)), 'NULL'),
                    status) END,
      CASE WHEN length(r ->> 'output_preview') > 500
        THEN 'output_preview was longer than 500 characters: the whole of it is in output' END,
      CASE WHEN coalesce(old_service.moment(r ->> 'timestamp'),
                         old_service.moment(r ->> 'created_at')) IS NULL
        THEN 'it had no time: it is of 1970 now' END) AS why_changed
  FROM old_service.hashed_logs;
GRANT SELECT ON old_service.now_execution_logs TO pilot_system;

SET LOCAL ROLE pilot_owner;
SELECT public.make_partitions(month, 0)
  FROM (SELECT DISTINCT date_trunc('month', at) AS month FROM old_service.now_execution_logs
        WHERE why_left IS NULL ORDER BY 1) AS months;

SET LOCAL ROLE pilot_system;
INSERT INTO public.execution_logs (user_id, run_id, seq, revision, latency_ms, started_at,
    finished_at, step_number, visit, attempt, plan_id, plan_name, step_id, item_path, provider,
    action, status, message, idempotency_key, error, error_code, output_preview, error_detail,
    metadata, output)
  SELECT user_id, run_id, 1, 1, latency_ms, at, at, step_number, 1, 1, plan_id, plan_name,
    'step_' || step_number, '', provider, action, status, message, '', error,
    CASE WHEN error IS NOT NULL THEN '' END, left(preview, 500),
    CASE WHEN error IS NOT NULL
      THEN json_build_object('code', '', 'message', error, 'retryable', false) END,
    json_build_object('old_id', old_id), to_json(preview)
  FROM old_service.now_execution_logs WHERE why_left IS NULL;
SET LOCAL ROLE NONE;
CALL old_service.note('execution_logs');
