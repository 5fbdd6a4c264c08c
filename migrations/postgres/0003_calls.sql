-- What takes more than one statement and must be decided where the rows are. Called as the tenant:
-- all of it runs under row-level security with the caller's rights. Rows come in as JSON objects with
-- the columns' names.
SET LOCAL ROLE pilot_owner;

-- A new row, or the row of that id changed: next_fire_at and fire_at stay when what decides the due
-- instants is the same. SQLSTATE PT001: there are p_limit already.
CREATE FUNCTION put_schedule_row(p_schedule json, p_limit bigint) RETURNS void LANGUAGE plpgsql
  AS $$
DECLARE
  n schedules := json_populate_record(NULL::schedules, p_schedule);
BEGIN
  IF (SELECT c.schedules FROM schedule_counts c WHERE c.user_id = n.user_id) >= p_limit
     AND NOT EXISTS (SELECT FROM schedules s WHERE s.user_id = n.user_id AND s.id = n.id) THEN
    RAISE EXCEPTION 'too many schedules' USING ERRCODE = 'PT001';
  END IF;
  n.revision := 1;
  INSERT INTO schedules AS s VALUES (n.*)
  ON CONFLICT (user_id, id) DO UPDATE SET
    next_fire_at = CASE
      WHEN (s.expression, s.dialect, s.timezone, s.dst, s.starts_at, s.ends_at) IS NOT DISTINCT FROM
           (n.expression, n.dialect, n.timezone, n.dst, n.starts_at, n.ends_at)
      THEN s.next_fire_at ELSE n.next_fire_at END,
    fire_at = CASE
      WHEN (s.expression, s.dialect, s.timezone, s.dst, s.starts_at, s.ends_at) IS DISTINCT FROM
           (n.expression, n.dialect, n.timezone, n.dst, n.starts_at, n.ends_at)
      THEN n.fire_at
      WHEN s.jitter_s = n.jitter_s THEN s.fire_at
      ELSE s.next_fire_at + coalesce(n.fire_at - n.next_fire_at, interval '0') END,
    plan_id = n.plan_id, plan_version = n.plan_version, total_steps = n.total_steps, name = n.name,
    expression = n.expression, dialect = n.dialect, timezone = n.timezone, dst = n.dst,
    starts_at = n.starts_at, ends_at = n.ends_at, misfire_grace_s = n.misfire_grace_s,
    coalesce = n.coalesce, max_instances = n.max_instances, jitter_s = n.jitter_s,
    updated_at = n.updated_at, revision = s.revision + 1, inputs = n.inputs;
END
$$;

-- A new version of a plan with its schedule (NULL: it has none). p_expected: -1 makes the plan, 0
-- changes whatever version there is, else that version only. Answers what came of it and the version
-- that is now stored: saved, not_found or version_conflict (nothing was changed).
CREATE FUNCTION save_plan(p_plan json, p_document json, p_expected integer, p_schedule json,
                          p_limit bigint, OUT outcome text, OUT stored integer)
  LANGUAGE plpgsql AS $$
DECLARE
  n execution_plans := json_populate_record(NULL::execution_plans, p_plan);
BEGIN
  n.plan_json := p_document::jsonb;
  IF p_expected = -1 THEN
    n.version := 1;
    INSERT INTO execution_plans VALUES (n.*);
  ELSE
    SELECT p.version INTO stored FROM execution_plans p
      WHERE p.user_id = n.user_id AND p.id = n.id FOR UPDATE;
    IF NOT FOUND THEN
      outcome := 'not_found';
      RETURN;
    END IF;
    IF p_expected NOT IN (0, stored) THEN
      outcome := 'version_conflict';
      RETURN;
    END IF;
    n.version := stored + 1;
    UPDATE execution_plans p SET name = n.name, status = n.status, version = n.version,
      updated_at = n.updated_at, original_prompt = n.original_prompt,
      plain_english_steps = n.plain_english_steps, required_providers = n.required_providers,
      "trigger" = n."trigger", plan_json = n.plan_json
      WHERE p.user_id = n.user_id AND p.id = n.id;
  END IF;
  INSERT INTO plan_versions (user_id, plan_id, version, name, created_at, plan_json)
    VALUES (n.user_id, n.id, n.version, n.name, n.updated_at, p_document);
  IF p_schedule IS NULL THEN
    DELETE FROM schedules s WHERE s.user_id = n.user_id AND s.id = n.id;
  ELSE
    PERFORM put_schedule_row((p_schedule::jsonb - 'inputs' || jsonb_build_object(
      'user_id', n.user_id, 'id', n.id, 'plan_id', n.id, 'plan_version', n.version))::json, p_limit);
    UPDATE schedules s SET inputs = p_schedule -> 'inputs'
      WHERE s.user_id = n.user_id AND s.id = n.id;
  END IF;
  outcome := 'saved';
  stored := n.version;
END
$$;

-- What the scheduler has decided about one schedule, if it still is as it was seen. p_instants:
-- [{"fire": row, "run": row or null}], oldest first.
CREATE FUNCTION fire_schedule(
    p_user text, p_id text, p_seen_next timestamptz, p_seen_revision bigint, p_next timestamptz,
    p_fire_at timestamptz, p_max_instances bigint, p_retry_at timestamptz, p_instants json,
    OUT runs bigint, OUT missed bigint, OUT stale bigint, OUT waiting bigint)
  LANGUAGE plpgsql AS $$
DECLARE
  instant json;
  f schedule_fires;
  r runs;
  open_runs bigint;
BEGIN
  runs := 0; missed := 0; stale := 0; waiting := 0;
  UPDATE schedules s SET next_fire_at = p_next, fire_at = p_fire_at
    WHERE s.user_id = p_user AND s.id = p_id AND s.next_fire_at = p_seen_next
      AND s.revision = p_seen_revision;
  IF NOT FOUND THEN
    stale := 1;
    RETURN;
  END IF;
  FOR instant IN SELECT value FROM json_array_elements(p_instants) LOOP
    f := json_populate_record(NULL::schedule_fires, instant -> 'fire');
    IF json_typeof(instant -> 'run') = 'object' THEN
      -- A row of missed instants may reach over it: then it has been dealt with, too.
      CONTINUE WHEN (SELECT l.last_due_at FROM schedule_fires l WHERE l.user_id = p_user
          AND l.schedule_id = p_id AND l.due_at <= f.due_at ORDER BY l.due_at DESC LIMIT 1)
        >= f.due_at;
      IF open_runs IS NULL THEN
        SELECT count(*) INTO open_runs FROM runs o WHERE o.user_id = p_user AND o.schedule_id = p_id
          AND o.schedule_id <> '' AND o.state IN ('queued', 'running', 'waiting');
      END IF;
      IF open_runs >= p_max_instances AND p_retry_at IS NOT NULL THEN
        waiting := waiting + 1;
        UPDATE schedules s SET next_fire_at = f.due_at, fire_at = p_retry_at
          WHERE s.user_id = p_user AND s.id = p_id;
        RETURN;
      END IF;
      IF open_runs >= p_max_instances THEN
        f.status := 'missed';
        f.cause := 'no_slot';
        f.run_id := '';
      END IF;
    END IF;
    INSERT INTO schedule_fires VALUES (f.*) ON CONFLICT DO NOTHING;
    CONTINUE WHEN NOT FOUND;
    IF f.status = 'missed' THEN
      missed := missed + 1;
      CONTINUE;
    END IF;
    r := json_populate_record(NULL::runs, instant -> 'run');
    r.cancel_requested := false;
    INSERT INTO runs VALUES (r.*) ON CONFLICT DO NOTHING;
    open_runs := open_runs + 1;
    runs := runs + 1;
  END LOOP;
END
$$;

REVOKE ALL ON FUNCTION put_schedule_row(json, bigint),
  save_plan(json, json, integer, json, bigint),
  fire_schedule(text, text, timestamptz, bigint, timestamptz, timestamptz, bigint, timestamptz, json)
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION put_schedule_row(json, bigint),
  save_plan(json, json, integer, json, bigint),
  fire_schedule(text, text, timestamptz, bigint, timestamptz, timestamptz, bigint, timestamptz, json)
  TO pilot_app;
