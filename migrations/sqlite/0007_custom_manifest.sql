-- A custom integration that was imported is a whole manifest (docs/import.md); its columns base_url,
-- auth_* and its actions then say nothing.

PRAGMA user_version = 7;

ALTER TABLE custom_integrations ADD COLUMN manifest TEXT;
