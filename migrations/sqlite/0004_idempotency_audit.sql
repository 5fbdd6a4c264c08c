-- What was done for an Idempotency-Key, and who was refused or did something privileged. The rules
-- of 0001_tables.sql hold here, too.

PRAGMA user_version = 4;

-- The primary key is the guarantee of one doing for one key. run_id is decided with the claim and
-- stays, so that a run which was made before the answer was kept is found again.
CREATE TABLE idempotency_keys (
  user_id       TEXT NOT NULL,
  route         TEXT NOT NULL,     -- "POST /api/runs"
  key           TEXT NOT NULL,
  request_hash  TEXT NOT NULL,
  state         TEXT NOT NULL,     -- claimed, free (it failed: whoever comes next does it), done
  claim         TEXT NOT NULL,     -- of the request that does it; another's finish does nothing
  node          TEXT NOT NULL,     -- the process that does it
  run_id        TEXT NOT NULL,
  created_at    INTEGER NOT NULL,  -- of the key's first request: kept for a day from then
  claimed_at    INTEGER NOT NULL,
  status        INTEGER NOT NULL,  -- of the answer; 0 before
  content_type  TEXT NOT NULL,
  headers       TEXT,              -- [[name, value]]
  body_kept     INTEGER NOT NULL,  -- 0: too large, or it held a secret
  body          TEXT NOT NULL,
  PRIMARY KEY (user_id, route, key)
) STRICT;

-- Not by user, on purpose: the system's own query for what is over.
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);

CREATE TABLE audit_log (
  user_id      TEXT NOT NULL,     -- whose; '': nobody who was known (the operator's to read)
  id           TEXT NOT NULL,     -- UUIDv7: sorts by time
  at           INTEGER NOT NULL,
  caller       TEXT NOT NULL,     -- nobody, loopback, operator, key, session
  caller_id    TEXT NOT NULL,     -- of the key or session
  method       TEXT NOT NULL,
  route        TEXT NOT NULL,     -- the pattern, not the path
  status       INTEGER NOT NULL,
  code         TEXT NOT NULL,     -- of a refusal
  address      TEXT NOT NULL,
  request_id   TEXT NOT NULL,
  acting_for   TEXT NOT NULL,     -- the user whom the caller acted for
  PRIMARY KEY (user_id, id)
) STRICT;

-- For the operator's list of all, and for what is over: the system's own queries.
CREATE INDEX audit_log_by_id ON audit_log (id, at);
