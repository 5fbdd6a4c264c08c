-- Whose grants nobody has used for a while (OAuthStore::idle_grants). Rules: see 0001_tables.sql.

PRAGMA user_version = 11;

CREATE INDEX access_tokens_by_user ON provider_credentials (user_id, updated_at)
  WHERE type = 'access_token';
