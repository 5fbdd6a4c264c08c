-- The first schema of a PostgreSQL database: roles, plans, runs, the execution log, credentials,
-- schedules, and the row-level security on all of them.
--
-- Rules of this file
-- * user_id stands first in every primary key, unique key and index of a tenant's table, and in
--   every query but the system's own. There are no foreign keys: they would pin rows of a shard.
-- * Ids are text in "C" collation: UUIDv7s sort by time as they are, and old ids stay what they are.
-- * Values that must come back as they were given are json (jsonb changes numbers, the order of
--   keys, and refuses \u0000). plan_json and trigger are jsonb because the old service's readers
--   ask them with its operators; the exact document stands in plan_versions.
-- * Wide columns stand last.
-- * pilot_owner owns the tables and migrates. pilot_system owns the functions that see more than
--   one tenant (below), and nothing else. pilot_app runs: it owns nothing and can bypass nothing.

DO $roles$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['pilot_owner', 'pilot_system', 'pilot_app'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE',
                       wanted);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;  -- another database of this cluster was faster
      END;
    END IF;
  END LOOP;
  IF NOT pg_has_role('pilot_owner', 'pilot_system', 'MEMBER') THEN
    GRANT pilot_system TO pilot_owner;
  END IF;
  FOREACH wanted IN ARRAY ARRAY['pilot_owner', 'pilot_app'] LOOP
    IF NOT pg_has_role(current_user, wanted, 'MEMBER') THEN
      EXECUTE format('GRANT %I TO %I', wanted, current_user);
    END IF;
  END LOOP;
END
$roles$;

GRANT CREATE, USAGE ON SCHEMA public TO pilot_owner, pilot_system;
GRANT USAGE ON SCHEMA public TO pilot_app;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;  -- the functions below find their tables there
SET LOCAL ROLE pilot_owner;

-- What has been applied. Written by the program, in the same transaction as each migration.
CREATE TABLE pilot_schema (
  version     integer NOT NULL PRIMARY KEY,
  name        text NOT NULL,
  applied_at  timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT ON pilot_schema TO PUBLIC;
CREATE FUNCTION schema_version() RETURNS integer LANGUAGE sql STABLE
  AS $$ SELECT coalesce(max(version), 0) FROM public.pilot_schema $$;

-- Who the transaction works for: what the application set with SET LOCAL pilot.user_id. After the
-- transaction the setting is empty, not NULL; both mean nobody.
CREATE FUNCTION current_user_id() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('pilot.user_id', true), '') $$;

CREATE TABLE execution_plans (
  user_id              text COLLATE "C" NOT NULL,
  id                   text COLLATE "C" NOT NULL,
  name                 text NOT NULL,
  status               text NOT NULL,  -- draft, active, archived
  version              integer NOT NULL,
  created_at           timestamptz NOT NULL,
  updated_at           timestamptz NOT NULL,
  original_prompt      text NOT NULL,
  plain_english_steps  text[] NOT NULL,
  required_providers   text[] NOT NULL,
  "trigger"            jsonb,
  plan_json            jsonb,
  PRIMARY KEY (user_id, id)
);

-- Never changed and never removed with its plan: a run goes on with the version it began with.
CREATE TABLE plan_versions (
  user_id     text COLLATE "C" NOT NULL,
  plan_id     text COLLATE "C" NOT NULL,
  version     integer NOT NULL,
  name        text NOT NULL,
  created_at  timestamptz NOT NULL,
  plan_json   json,                -- as it was given
  PRIMARY KEY (user_id, plan_id, version)
);

-- By month of the id's time; see make_partitions().
CREATE TABLE runs (
  user_id       text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL,
  plan_version  integer NOT NULL,
  total_steps   integer NOT NULL,
  epoch         bigint NOT NULL,
  revision      bigint NOT NULL,
  wake_at       timestamptz,
  created_at    timestamptz NOT NULL,
  started_at    timestamptz,
  finished_at   timestamptz,
  deadline      timestamptz,
  cancel_requested  boolean NOT NULL DEFAULT false,  -- its owner is to cancel it
  state         text NOT NULL,     -- queued, running, waiting, success, error, cancelled
  reason        text NOT NULL,
  node          text COLLATE "C" NOT NULL,  -- who owns it; '': nobody
  plan_id       text COLLATE "C" NOT NULL,  -- '': the plan stands in `document`
  schedule_id   text COLLATE "C" NOT NULL,
  retry_of      text COLLATE "C" NOT NULL,
  plan_name     text NOT NULL,
  error         json,
  inputs        json,
  "trigger"     json,
  document      json,
  output        json,
  PRIMARY KEY (user_id, id)
) PARTITION BY RANGE (id);
CREATE TABLE runs_rest PARTITION OF runs DEFAULT;

-- Not by user, on purpose: what can be claimed, what a node owns and what sleeps are the system's
-- own questions. Each holds unfinished runs only, so they stay small however many there have been.
CREATE INDEX runs_queued ON runs (id) WHERE state = 'queued' AND node = '';
CREATE INDEX runs_sleeping ON runs (wake_at) WHERE state = 'waiting' AND node = '';
CREATE INDEX runs_owned ON runs (node)
  WHERE node <> '' AND state IN ('queued', 'running', 'waiting');
CREATE INDEX runs_cancelling ON runs (node)
  WHERE cancel_requested AND state IN ('queued', 'running', 'waiting');
CREATE INDEX runs_open_of_schedule ON runs (user_id, schedule_id)
  WHERE schedule_id <> '' AND state IN ('queued', 'running', 'waiting');

CREATE TABLE execution_logs (
  user_id          text COLLATE "C" NOT NULL,
  run_id           text COLLATE "C" NOT NULL,
  seq              bigint NOT NULL,  -- 1, 2, ... in the run
  revision         bigint NOT NULL,
  latency_ms       bigint NOT NULL,
  wake_at          timestamptz,
  started_at       timestamptz NOT NULL,
  finished_at      timestamptz,
  step_number      integer NOT NULL,
  visit            integer NOT NULL,
  attempt          integer NOT NULL,
  http_status      integer,
  plan_id          text COLLATE "C" NOT NULL,
  plan_name        text NOT NULL,
  step_id          text NOT NULL,
  item_path        text NOT NULL,
  provider         text NOT NULL,
  action           text NOT NULL,
  status           text NOT NULL,  -- running, success, error, retrying, timeout, skipped, unknown
  message          text NOT NULL,
  idempotency_key  text NOT NULL,
  error            text,           -- these three for people: from error_detail and output
  error_code       text,
  output_preview   text,           -- its first 500 characters
  error_detail     json,           -- {code, message, retryable, ...}
  metadata         json,
  output           json,
  id               text GENERATED ALWAYS AS (run_id || '-' || seq::text) STORED,
  "timestamp"      timestamptz GENERATED ALWAYS AS (started_at) STORED,
  created_at       timestamptz GENERATED ALWAYS AS (started_at) STORED,
  PRIMARY KEY (user_id, run_id, seq)
) PARTITION BY RANGE (run_id);
CREATE TABLE execution_logs_rest PARTITION OF execution_logs DEFAULT;

CREATE TABLE provider_credentials (
  user_id          text COLLATE "C" NOT NULL,
  provider         text COLLATE "C" NOT NULL,
  connection       text COLLATE "C" NOT NULL,
  type             text COLLATE "C" NOT NULL,
  expires_at       timestamptz,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  key_id           text NOT NULL,  -- FernetKey::id() of what sealed it; '': to be found by trying
  encrypted_value  text NOT NULL,  -- a Fernet token
  id               text GENERATED ALWAYS AS (provider || '/' || connection || '/' || type) STORED,
  PRIMARY KEY (user_id, provider, connection, type)
);

CREATE TABLE schedules (
  user_id          text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL,  -- the plan's own: plan_id
  plan_id          text COLLATE "C" NOT NULL,
  plan_version     integer NOT NULL,           -- that inputs and total_steps are of
  total_steps      integer NOT NULL,
  name             text NOT NULL,
  expression       text NOT NULL,
  dialect          text NOT NULL,              -- crontab, apscheduler
  timezone         text NOT NULL,
  dst              text NOT NULL,              -- vixie, literal
  starts_at        timestamptz,
  ends_at          timestamptz,
  misfire_grace_s  bigint,                     -- NULL: never too late
  coalesce         boolean NOT NULL,
  max_instances    bigint NOT NULL,
  jitter_s         bigint NOT NULL,
  next_fire_at     timestamptz,                -- nominal; NULL: nothing more to come
  fire_at          timestamptz,                -- next_fire_at and the jitter drawn for it
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  revision         bigint NOT NULL,
  inputs           json,
  PRIMARY KEY (user_id, id)
);

-- Not by user, on purpose: "what is due" and "when is the next" are the system's own queries.
CREATE INDEX schedules_due ON schedules (fire_at) WHERE fire_at IS NOT NULL;

-- How many schedules a user has: asked with each new one, and counting 100,000 is not free.
CREATE TABLE schedule_counts (
  user_id    text COLLATE "C" NOT NULL PRIMARY KEY,
  schedules  bigint NOT NULL
);

CREATE FUNCTION count_schedule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF tg_op = 'INSERT' THEN
    INSERT INTO schedule_counts AS c (user_id, schedules) VALUES (new.user_id, 1)
      ON CONFLICT (user_id) DO UPDATE SET schedules = c.schedules + 1;
  ELSE
    UPDATE schedule_counts SET schedules = schedules - 1 WHERE user_id = old.user_id;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER count_schedule AFTER INSERT OR DELETE ON schedules
  FOR EACH ROW EXECUTE FUNCTION count_schedule();

-- The primary key is the guarantee of one run for one due instant. Missed instants in a row are one
-- row, from due_at to last_due_at.
CREATE TABLE schedule_fires (
  user_id          text COLLATE "C" NOT NULL,
  schedule_id      text COLLATE "C" NOT NULL,
  due_at           timestamptz NOT NULL,
  last_due_at      timestamptz NOT NULL,
  count            bigint,         -- NULL: too many to count
  plan_id          text COLLATE "C" NOT NULL,
  status           text NOT NULL,  -- fired, missed
  cause            text NOT NULL,  -- of a miss: down, late, coalesced, no_slot, ...
  lateness_ms      bigint NOT NULL,
  coalesced_count  bigint NOT NULL,
  run_id           text COLLATE "C" NOT NULL,
  recorded_at      timestamptz NOT NULL,
  PRIMARY KEY (user_id, schedule_id, due_at)
);
CREATE INDEX schedule_fires_by_time ON schedule_fires (user_id, due_at, schedule_id);

-- Processes that serve. A directory table: nobody's rows; reached through functions only.
CREATE TABLE nodes (
  id            text COLLATE "C" NOT NULL PRIMARY KEY,  -- a fresh uuid per process
  name          text NOT NULL,                          -- host and pid, for people
  roles         text NOT NULL,
  version       text NOT NULL,
  started_at    timestamptz NOT NULL,
  heartbeat_at  timestamptz NOT NULL,
  lease_until   timestamptz NOT NULL,                   -- the database's clock
  draining      boolean NOT NULL DEFAULT false
);

-- Locks the door of a table: row-level security on and forced, a tenant's own rows for pilot_app,
-- everything for the functions of pilot_system. Partitions get no policy and no rights: named
-- directly they show nothing to anybody.
CREATE PROCEDURE guard_tenant_table(target regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  IF (SELECT relispartition FROM pg_class WHERE oid = target) THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE POLICY own_rows ON %s TO pilot_app USING (user_id = current_user_id())'
                 ' WITH CHECK (user_id = current_user_id())', target);
  EXECUTE format('CREATE POLICY system ON %s TO pilot_system USING (true) WITH CHECK (true)',
                 target);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO pilot_app, pilot_system', target);
END
$$;
CREATE PROCEDURE guard_directory_table(target regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY system ON %s TO pilot_system USING (true) WITH CHECK (true)',
                 target);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO pilot_system', target);
END
$$;
REVOKE ALL ON PROCEDURE guard_tenant_table(regclass), guard_directory_table(regclass) FROM PUBLIC;

CALL guard_tenant_table('execution_plans');
CALL guard_tenant_table('plan_versions');
CALL guard_tenant_table('runs');
CALL guard_tenant_table('runs_rest');
CALL guard_tenant_table('execution_logs');
CALL guard_tenant_table('execution_logs_rest');
CALL guard_tenant_table('provider_credentials');
CALL guard_tenant_table('schedules');
CALL guard_tenant_table('schedule_counts');
CALL guard_tenant_table('schedule_fires');
CALL guard_directory_table('nodes');
