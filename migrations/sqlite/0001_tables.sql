-- The first schema: plans and their versions, runs, the execution log (journal), credentials.
--
-- Rules of this file
-- * user_id stands first in every primary key, unique key and index, and in every query but the
--   system's own (see runs_open).
-- * Every stored time is an integer: microseconds since 1970 in UTC. The old service's text columns
--   `timestamp` and `created_at` of execution_logs are such integers too.
-- * Structured values and lists are compact JSON text; a JSON null is an SQL NULL.
-- * A column that can be computed is a virtual one: it costs nothing to write.
-- * The big tables keep their rowid. Measured with rows of 0.3 to 1.3 KB: WITHOUT ROWID writes a
--   tenth less for tiny rows and three times as much as soon as a row passes 1 KB (an index page
--   keeps at most a quarter of itself of one row, the rest takes a whole overflow page).
-- * Wide columns stand last, so that reading the others does not walk through them.

PRAGMA application_id = 1346980948;  -- "PILT": a file of Pilot's and of nobody else's
PRAGMA user_version = 1;

CREATE TABLE execution_plans (
  user_id              TEXT NOT NULL,
  id                   TEXT NOT NULL,
  name                 TEXT NOT NULL,
  status               TEXT NOT NULL,  -- draft, active, archived
  version              INTEGER NOT NULL,
  created_at           INTEGER NOT NULL,
  updated_at           INTEGER NOT NULL,
  original_prompt      TEXT NOT NULL,
  plain_english_steps  TEXT NOT NULL,
  required_providers   TEXT NOT NULL,
  "trigger"            TEXT,
  plan_json            TEXT,
  PRIMARY KEY (user_id, id)
) STRICT;

-- Never changed and never removed with its plan: a run goes on with the version it began with.
CREATE TABLE plan_versions (
  user_id     TEXT NOT NULL,
  plan_id     TEXT NOT NULL,
  version     INTEGER NOT NULL,
  name        TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  plan_json   TEXT,
  PRIMARY KEY (user_id, plan_id, version)
) STRICT;

CREATE TABLE runs (
  user_id       TEXT NOT NULL,
  id            TEXT NOT NULL,
  plan_id       TEXT NOT NULL,     -- '': the plan stands in `document`
  plan_version  INTEGER NOT NULL,
  plan_name     TEXT NOT NULL,
  state         TEXT NOT NULL,     -- queued, running, waiting, success, error, cancelled
  reason        TEXT NOT NULL,
  wake_at       INTEGER,
  created_at    INTEGER NOT NULL,
  started_at    INTEGER,
  finished_at   INTEGER,
  deadline      INTEGER,
  retry_of      TEXT NOT NULL,
  node          TEXT NOT NULL,     -- who owns it; '': nobody
  epoch         INTEGER NOT NULL,
  revision      INTEGER NOT NULL,
  total_steps   INTEGER NOT NULL,
  error         TEXT,
  inputs        TEXT,
  "trigger"     TEXT,
  document      TEXT,
  output        TEXT,
  PRIMARY KEY (user_id, id)
) STRICT;

-- Not by user, on purpose: claiming what is queued (by id) or due (by wake_at), handing back what a
-- dead process held, and counting what is open are the system's own queries. It holds unfinished
-- runs only, so it stays a few pages however many runs there have been.
CREATE INDEX runs_open ON runs (state, node, wake_at, id, user_id)
  WHERE state = 'queued' OR state = 'running' OR state = 'waiting';

CREATE TABLE execution_logs (
  user_id          TEXT NOT NULL,
  run_id           TEXT NOT NULL,
  seq              INTEGER NOT NULL,  -- 1, 2, ... in the run
  revision         INTEGER NOT NULL,
  plan_id          TEXT NOT NULL,
  plan_name        TEXT NOT NULL,
  step_number      INTEGER NOT NULL,
  step_id          TEXT NOT NULL,
  item_path        TEXT NOT NULL,
  visit            INTEGER NOT NULL,
  attempt          INTEGER NOT NULL,
  provider         TEXT NOT NULL,
  action           TEXT NOT NULL,
  status           TEXT NOT NULL,     -- running, success, error, retrying, timeout, skipped, unknown
  message          TEXT NOT NULL,
  latency_ms       INTEGER NOT NULL,
  idempotency_key  TEXT NOT NULL,
  http_status      INTEGER,
  wake_at          INTEGER,
  started_at       INTEGER NOT NULL,
  finished_at      INTEGER,
  error_detail     TEXT,              -- {code, message, retryable, ...}
  metadata         TEXT,
  output           TEXT,
  id               TEXT AS (run_id || '-' || seq),
  "timestamp"      INTEGER AS (started_at),
  created_at       INTEGER AS (started_at),
  error            TEXT AS (json_extract(error_detail, '$.message')),
  error_code       TEXT AS (json_extract(error_detail, '$.code')),
  output_preview   TEXT AS (substr(
    CASE WHEN substr(output, 1, 1) = '"' THEN json_extract(output, '$') ELSE output END, 1, 500)),
  PRIMARY KEY (user_id, run_id, seq)
) STRICT;

CREATE TABLE provider_credentials (
  user_id          TEXT NOT NULL,
  provider         TEXT NOT NULL,
  connection       TEXT NOT NULL,
  type             TEXT NOT NULL,
  expires_at       INTEGER,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL,
  encrypted_value  TEXT NOT NULL,     -- a Fernet token
  id               TEXT AS (provider || '/' || connection || '/' || type),
  PRIMARY KEY (user_id, provider, connection, type)
) STRICT, WITHOUT ROWID;
