-- What lists show of a custom integration, so that they read no documents. NULL: it is made when a
-- list needs it (of rows that an older Pilot wrote).
--
-- SQLite finds what stands behind a long value by walking all of its pages: `manifest` stays last.
-- A column that is added later and read by lists takes such a copy, too.

PRAGMA user_version = 10;

CREATE TABLE custom_integrations_anew (
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
  summary       TEXT,
  manifest      TEXT,
  PRIMARY KEY (user_id, id),
  UNIQUE (user_id, name)
) STRICT;

INSERT INTO custom_integrations_anew (user_id, id, name, display_name, description, auth_type,
    base_url, auth_header, auth_prefix, is_active, created_at, updated_at, created_by, updated_by,
    oauth_config, extra, manifest)
  SELECT user_id, id, name, display_name, description, auth_type, base_url, auth_header,
    auth_prefix, is_active, created_at, updated_at, created_by, updated_by, oauth_config, extra,
    manifest
  FROM custom_integrations;
DROP TABLE custom_integrations;
ALTER TABLE custom_integrations_anew RENAME TO custom_integrations;
