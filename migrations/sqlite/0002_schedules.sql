-- Schedules of plans, what became of their due instants, and which runs they started. The rules of
-- 0001_tables.sql hold here, too.

PRAGMA user_version = 2;

-- ALTER TABLE puts it last; it is short and seldom read.
ALTER TABLE runs ADD COLUMN schedule_id TEXT NOT NULL DEFAULT '';

-- For max_instances: what of a schedule is open. Runs without a schedule cost nothing here.
CREATE INDEX runs_open_of_schedule ON runs (user_id, schedule_id)
  WHERE schedule_id <> '' AND (state = 'queued' OR state = 'running' OR state = 'waiting');

CREATE TABLE schedules (
  user_id          TEXT NOT NULL,
  id               TEXT NOT NULL,     -- the plan's own: plan_id
  plan_id          TEXT NOT NULL,
  plan_version     INTEGER NOT NULL,  -- that inputs and total_steps are of
  total_steps      INTEGER NOT NULL,
  name             TEXT NOT NULL,
  expression       TEXT NOT NULL,
  dialect          TEXT NOT NULL,     -- crontab, apscheduler
  timezone         TEXT NOT NULL,
  dst              TEXT NOT NULL,     -- vixie, literal
  starts_at        INTEGER,
  ends_at          INTEGER,
  misfire_grace_s  INTEGER,           -- NULL: never too late
  coalesce         INTEGER NOT NULL,
  max_instances    INTEGER NOT NULL,
  jitter_s         INTEGER NOT NULL,
  next_fire_at     INTEGER,           -- nominal; NULL: nothing more to come
  fire_at          INTEGER,           -- next_fire_at and the jitter drawn for it
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL,
  revision         INTEGER NOT NULL,
  inputs           TEXT,
  PRIMARY KEY (user_id, id)
) STRICT;

-- Not by user, on purpose: "what is due" and "when is the next" are the system's own queries.
CREATE INDEX schedules_due ON schedules (fire_at) WHERE fire_at IS NOT NULL;

-- How many schedules a user has: asked with each new one, and counting 100,000 is not free.
CREATE TABLE schedule_counts (
  user_id    TEXT NOT NULL PRIMARY KEY,
  schedules  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER schedule_added AFTER INSERT ON schedules BEGIN
  INSERT INTO schedule_counts (user_id, schedules) VALUES (new.user_id, 1)
    ON CONFLICT (user_id) DO UPDATE SET schedules = schedules + 1;
END;
CREATE TRIGGER schedule_removed AFTER DELETE ON schedules BEGIN
  UPDATE schedule_counts SET schedules = schedules - 1 WHERE user_id = old.user_id;
END;

-- The primary key is the guarantee of one run for one due instant. Rows are short, so the table is
-- its key. Missed instants in a row are one row, from due_at to last_due_at.
CREATE TABLE schedule_fires (
  user_id          TEXT NOT NULL,
  schedule_id      TEXT NOT NULL,
  due_at           INTEGER NOT NULL,
  last_due_at      INTEGER NOT NULL,
  count            INTEGER,           -- NULL: too many to count
  plan_id          TEXT NOT NULL,
  status           TEXT NOT NULL,     -- fired, missed
  cause            TEXT NOT NULL,     -- of a miss: down, late, coalesced, no_slot, ...
  lateness_ms      INTEGER NOT NULL,
  coalesced_count  INTEGER NOT NULL,
  run_id           TEXT NOT NULL,
  recorded_at      INTEGER NOT NULL,
  PRIMARY KEY (user_id, schedule_id, due_at)
) STRICT, WITHOUT ROWID;

-- All fires of a user, newest first.
CREATE INDEX schedule_fires_by_time ON schedule_fires (user_id, due_at, schedule_id);
