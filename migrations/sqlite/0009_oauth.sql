-- Connecting by OAuth 2, and how a connection stands with its vendor. Rules: see 0001_tables.sql.

PRAGMA user_version = 9;

-- A user who has been sent to a vendor and is not back yet. Removed when the answer comes: once.
CREATE TABLE oauth_states (
  user_id         TEXT NOT NULL,
  state_sha256    TEXT NOT NULL,     -- of the state in the URL, hexadecimal
  provider        TEXT NOT NULL,
  connection      TEXT NOT NULL,
  return_to       TEXT NOT NULL,     -- '': Pilot's own page
  browser_sha256  TEXT NOT NULL,     -- of the cookie of the browser that began; '': an API client did
  verifier        TEXT NOT NULL,     -- the PKCE verifier, a Fernet token
  key_id          TEXT NOT NULL,
  created_at      INTEGER NOT NULL,
  expires_at      INTEGER NOT NULL,
  PRIMARY KEY (user_id, state_sha256)
) STRICT, WITHOUT ROWID;

-- The answer does not say whose it is.
CREATE INDEX oauth_states_by_sha256 ON oauth_states (state_sha256);

CREATE TABLE connection_states (
  user_id          TEXT NOT NULL,
  provider         TEXT NOT NULL,
  connection       TEXT NOT NULL,
  needs_reauth_at  INTEGER,          -- NULL: it is fine, as far as is known
  reason           TEXT NOT NULL,    -- invalid_grant, unauthorized; '': it is fine
  scopes           TEXT NOT NULL,    -- granted, by spaces; '': not known
  lease_holder     TEXT NOT NULL,    -- who refreshes the token now
  lease_until      INTEGER,
  PRIMARY KEY (user_id, provider, connection)
) STRICT, WITHOUT ROWID;

-- Runs that a reconnected user's connection wakes.
CREATE INDEX runs_for_reauth ON runs (user_id) WHERE state = 'waiting' AND reason = 'needs_reauth';
