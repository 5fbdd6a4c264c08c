-- A custom integration that was imported is a whole manifest (docs/import.md); its columns base_url,
-- auth_* and its actions then say nothing. json, not jsonb: it comes back as it was written.
SET LOCAL ROLE pilot_owner;

ALTER TABLE custom_integrations ADD COLUMN manifest json;
