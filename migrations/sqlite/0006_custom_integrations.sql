-- Custom integrations: a user's own providers, their actions and their credentials. The old
-- service's tables and columns, with user_id in front. Rules: see 0001_tables.sql.

PRAGMA user_version = 6;

CREATE TABLE custom_integrations (
  user_id       TEXT NOT NULL,
  id            TEXT NOT NULL,
  name          TEXT NOT NULL,
  display_name  TEXT NOT NULL,
  description   TEXT NOT NULL,
  auth_type     TEXT NOT NULL,     -- api_key, oauth
  base_url      TEXT NOT NULL,
  auth_header   TEXT,              -- NULL: Authorization
  auth_prefix   TEXT,              -- NULL: Bearer
  is_active     INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  created_by    TEXT NOT NULL,
  updated_by    TEXT NOT NULL,
  oauth_config  TEXT,
  extra         TEXT,              -- as on PostgreSQL, where old databases are taken over
  PRIMARY KEY (user_id, id),
  UNIQUE (user_id, name)
) STRICT;

CREATE TABLE custom_integration_actions (
  user_id         TEXT NOT NULL,
  integration_id  TEXT NOT NULL,
  action_id       TEXT NOT NULL,   -- its name in a step
  id              TEXT NOT NULL,
  action_name     TEXT NOT NULL,   -- for people
  description     TEXT NOT NULL,
  http_method     TEXT NOT NULL,
  endpoint        TEXT NOT NULL,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  parameters      TEXT,
  extra           TEXT,
  PRIMARY KEY (user_id, integration_id, action_id)
) STRICT;

CREATE TABLE custom_integration_credentials (
  user_id            TEXT NOT NULL,
  integration_id     TEXT NOT NULL,
  credential_type    TEXT NOT NULL,
  id                 TEXT NOT NULL,
  token_expires_at   INTEGER,
  is_valid           INTEGER NOT NULL,
  last_validated_at  INTEGER,
  created_at         INTEGER NOT NULL,
  updated_at         INTEGER NOT NULL,
  key_id             TEXT NOT NULL,  -- FernetKey::id() of what sealed it; '': to be found by trying
  encrypted_value    TEXT NOT NULL,  -- a Fernet token
  extra              TEXT,
  PRIMARY KEY (user_id, integration_id, credential_type)
) STRICT;
