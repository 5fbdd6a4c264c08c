-- What lists show of a custom integration, so that they read no documents. NULL: it is made when a
-- list needs it (of rows that were taken over, or that an older Pilot wrote). json: as it was written.
SET LOCAL ROLE pilot_owner;

ALTER TABLE custom_integrations ADD COLUMN summary json;
