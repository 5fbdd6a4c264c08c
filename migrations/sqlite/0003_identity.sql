-- Who may call: users, their API keys and their browser sessions. The rules of 0001_tables.sql hold
-- here, too. All three are looked up before the user is known, each by a unique index of its own.

PRAGMA user_version = 3;

-- A directory. A removed user stays as a row without a name, so that nobody can take the id (and
-- with it the plans and runs that are still there).
CREATE TABLE users (
  id             TEXT NOT NULL PRIMARY KEY,
  owner_id       TEXT NOT NULL,     -- '': nobody's but the operator's
  name           TEXT NOT NULL,     -- to sign in with
  email          TEXT NOT NULL,
  password_hash  TEXT NOT NULL,     -- argon2id, encoded; '': cannot sign in
  created_at     INTEGER NOT NULL,
  disabled       INTEGER NOT NULL,
  removed_at     INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX users_by_name ON users (name) WHERE removed_at IS NULL;
CREATE INDEX users_by_owner ON users (owner_id, id);

CREATE TABLE api_keys (
  user_id       TEXT NOT NULL,
  id            TEXT NOT NULL,
  name          TEXT NOT NULL,
  prefix        TEXT NOT NULL,     -- for people to know it again by
  sha256        TEXT NOT NULL,     -- of the whole key, hexadecimal
  scopes        TEXT NOT NULL,     -- read,run,...
  expires_at    INTEGER,
  created_at    INTEGER NOT NULL,
  last_used_at  INTEGER,
  revoked_at    INTEGER,
  PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX api_keys_by_sha256 ON api_keys (sha256);

CREATE TABLE sessions (
  user_id       TEXT NOT NULL,
  id            TEXT NOT NULL,
  sha256        TEXT NOT NULL,     -- of the cookie's value, hexadecimal
  created_at    INTEGER NOT NULL,
  expires_at    INTEGER NOT NULL,
  last_seen_at  INTEGER NOT NULL,
  PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX sessions_by_sha256 ON sessions (sha256);
