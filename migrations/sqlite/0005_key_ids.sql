-- Which key sealed a value: FernetKey::id(), which tells nothing of the key. Empty for rows from
-- before this column, whose key is found by trying.
ALTER TABLE provider_credentials ADD COLUMN key_id TEXT NOT NULL DEFAULT '';

PRAGMA user_version = 5;
