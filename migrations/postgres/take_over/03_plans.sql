-- execution_plans: each becomes version 1 of a plan with its own id. A cron trigger is written as a
-- schedule in the dialect "apscheduler", so that it fires when it did wherever it is used from now
-- on; the program makes the rows of `schedules` afterwards.
CREATE VIEW old_service.read_plans AS
  SELECT r, old_service.document(r -> 'plan_json') AS document,
    old_service.document(r -> 'trigger') AS written
  FROM old_service.rows_execution_plans;

CREATE VIEW old_service.read_triggers AS
  SELECT p.r, p.document, t.given, coalesce(
      jsonb_typeof(t.given) = 'object' AND (t.given ->> 'type' IN ('cron', 'schedule')
        OR (t.given ->> 'type' IS NULL AND t.given ? 'cron_expression')), false) AS by_time,
    CASE WHEN jsonb_typeof(t.given -> 'config') = 'object' THEN t.given -> 'config' ELSE '{}' END
      || CASE WHEN jsonb_typeof(t.given) = 'object' THEN t.given ELSE '{}' END
      - ARRAY['config', 'type'] AS flat
  FROM old_service.read_plans p
  CROSS JOIN LATERAL (SELECT CASE
      WHEN jsonb_typeof(p.written) = 'object' AND p.written <> '{}' THEN p.written
      WHEN jsonb_typeof(p.document) = 'object' THEN old_service.document(p.document -> 'trigger')
    END AS given) AS t;

-- Of a trigger that fires, only what decides when stays: what else it carried was for other eyes,
-- and would be refused. One that is switched off stays as it is and makes no schedule.
CREATE VIEW old_service.now_execution_plans AS
  SELECT old_service.given(r ->> 'user_id') AS user_id, old_service.given(r ->> 'id') AS id,
    coalesce(old_service.given(btrim(r ->> 'name')), old_service.given(document ->> 'name'),
             'Untitled plan') AS name,
    s.status,
    coalesce(old_service.moment(r ->> 'created_at'), old_service.moment(r ->> 'updated_at'),
             now()) AS created_at,
    coalesce(old_service.moment(r ->> 'updated_at'), old_service.moment(r ->> 'created_at'),
             now()) AS updated_at,
    coalesce(r ->> 'original_prompt', '') AS original_prompt,
    old_service.texts(r -> 'plain_english_steps') AS plain_english_steps,
    old_service.texts(r -> 'required_providers') AS required_providers,
    CASE
      WHEN by_time AND NOT off THEN '{"dialect": "apscheduler", "dst": "literal"}'::jsonb ||
        coalesce((SELECT jsonb_object_agg(f.key, f.value) FROM jsonb_each(flat) AS f
                  WHERE f.value <> 'null' AND f.key IN ('cron_expression', 'cron', 'timezone',
                    'misfire_grace_time', 'coalesce', 'max_instances', 'jitter', 'start', 'end',
                    'start_date', 'end_date', 'inputs', 'dialect', 'dst')), '{}')
        || '{"type": "schedule"}'
      ELSE given END AS "trigger",
    document AS plan_json,
    CASE
      WHEN old_service.given(r ->> 'user_id') IS NULL THEN 'it belongs to nobody: no user_id'
      WHEN old_service.given(r ->> 'id') IS NULL THEN 'it has no id' END AS why_left,
    old_service.reasons(
      CASE WHEN s.status <> coalesce(r ->> 'status', '')
        THEN format('status %s became %s', coalesce(quote_ident(left(r ->> 'status', 40)), 'NULL'),
                    s.status) END,
      CASE WHEN old_service.given(btrim(r ->> 'name')) IS NULL
        THEN 'it had no name of its own' END,
      CASE WHEN coalesce(r ->> 'created_at', r ->> 'updated_at') IS NULL
        THEN 'it had no times: they are those of the take-over' END,
      CASE WHEN jsonb_typeof(r -> 'plan_json') = 'string' AND jsonb_typeof(document) <> 'string'
        THEN 'plan_json was a text of JSON and is JSON now' END,
      CASE WHEN by_time AND NOT off
        THEN 'its cron trigger became a schedule in the dialect apscheduler' END) AS why_changed
  FROM old_service.read_triggers
  CROSS JOIN LATERAL (SELECT 'false' IN (lower(flat ->> 'enabled'), lower(flat ->> 'is_active'),
                                         lower(flat ->> 'active')) IS TRUE AS off) AS o
  CROSS JOIN LATERAL (SELECT CASE
      WHEN lower(r ->> 'status') = 'active' THEN 'active'
      WHEN lower(r ->> 'status') IN ('archived', 'deleted') THEN 'archived'
      ELSE 'draft' END AS status) AS s;
GRANT SELECT ON old_service.now_execution_plans TO pilot_system;

SET LOCAL ROLE pilot_system;
INSERT INTO public.execution_plans (user_id, id, name, status, version, created_at, updated_at,
    original_prompt, plain_english_steps, required_providers, "trigger", plan_json)
  SELECT user_id, id, name, status, 1, created_at, updated_at, original_prompt,
    plain_english_steps, required_providers, "trigger", plan_json
  FROM old_service.now_execution_plans WHERE why_left IS NULL;
INSERT INTO public.plan_versions (user_id, plan_id, version, name, created_at, plan_json)
  SELECT user_id, id, 1, name, updated_at, plan_json::json
  FROM old_service.now_execution_plans WHERE why_left IS NULL;
SET LOCAL ROLE NONE;
CALL old_service.note('execution_plans');
