-- provider_credentials: the tokens as they are, in the connection "default", under the name that
-- the provider has today. Of several for the same thing the newest is taken.
CREATE VIEW old_service.read_credentials AS
  SELECT r, old_service.given(r ->> 'user_id') AS user_id,
    old_service.given(coalesce(n.name, r ->> 'provider')) AS provider,
    coalesce(old_service.given(r ->> 'type'), 'api_key') AS type,
    old_service.given(old_service.token(r ->> 'encrypted_value')) AS encrypted_value,
    coalesce(old_service.moment(r ->> 'created_at'), old_service.moment(r ->> 'updated_at'),
             now()) AS created_at,
    coalesce(old_service.moment(r ->> 'updated_at'), old_service.moment(r ->> 'created_at'),
             now()) AS updated_at
  FROM old_service.rows_provider_credentials
  LEFT JOIN old_service.provider_names n ON n.was = r ->> 'provider';

CREATE VIEW old_service.now_provider_credentials AS
  SELECT user_id, provider, type, old_service.moment(r ->> 'expires_at') AS expires_at, created_at,
    updated_at, encrypted_value,
    CASE
      WHEN user_id IS NULL THEN 'it belongs to nobody: no user_id'
      WHEN provider IS NULL THEN 'it names no provider'
      WHEN encrypted_value IS NULL THEN 'it has no value'
      WHEN row_number() OVER (PARTITION BY user_id, provider, type, encrypted_value IS NULL
                              ORDER BY updated_at DESC, old_service.whole(r ->> 'id') DESC NULLS LAST,
                                r ->> 'id' DESC) > 1
        THEN 'a newer one for the same user, provider and type was taken' END AS why_left,
    old_service.reasons(
      CASE WHEN provider <> r ->> 'provider'
        THEN format('provider %s is called %s', quote_ident(left(r ->> 'provider', 80)),
                    provider) END,
      CASE WHEN old_service.given(r ->> 'type') IS NULL THEN 'without a type it is an api_key' END,
      CASE WHEN encrypted_value <> r ->> 'encrypted_value'
        THEN 'its token was stored as bytes and is text now' END) AS why_changed
  FROM old_service.read_credentials;
GRANT SELECT ON old_service.now_provider_credentials TO pilot_system;

SET LOCAL ROLE pilot_system;
INSERT INTO public.provider_credentials (user_id, provider, connection, type, expires_at, created_at,
    updated_at, key_id, encrypted_value)
  SELECT user_id, provider, 'default', type, expires_at, created_at, updated_at, '', encrypted_value
  FROM old_service.now_provider_credentials WHERE why_left IS NULL;
SET LOCAL ROLE NONE;
CALL old_service.note('provider_credentials');
