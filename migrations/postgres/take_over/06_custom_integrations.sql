-- Custom integrations with their actions and credentials. The actions had no user: theirs is the
-- integration's. What the old tables had beside the columns that Pilot knows is kept in `extra`.
--
-- Secrets that stood in clear in `oauth_config` are not written there again: the program seals them,
-- from clear_secrets. Their names are those of src/api/codec_custom.cc.
CREATE FUNCTION old_service.secret_names() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY['client_secret', 'access_token', 'refresh_token', 'password', 'api_key', 'secret']
$$;

CREATE FUNCTION old_service.secrets_of(p_config jsonb) RETURNS TABLE (key text, value text)
  LANGUAGE sql IMMUTABLE AS $$
  SELECT s.key, s.value
  FROM jsonb_each_text(CASE WHEN jsonb_typeof(p_config) = 'object' THEN p_config ELSE '{}' END)
    AS s(key, value)
  WHERE s.key = ANY (old_service.secret_names()) AND s.value <> ''
$$;

CREATE VIEW old_service.read_integrations AS
  SELECT r, coalesce(old_service.given(r ->> 'user_id'), old_service.given(r ->> 'created_by'))
      AS user_id,
    old_service.given(r ->> 'id') AS id,
    coalesce(old_service.given(r ->> 'name'), r ->> 'id') AS name,
    coalesce(old_service.moment(r ->> 'created_at'), old_service.moment(r ->> 'updated_at'),
             now()) AS created_at,
    coalesce(old_service.moment(r ->> 'updated_at'), old_service.moment(r ->> 'created_at'),
             now()) AS updated_at,
    old_service.document(r -> 'oauth_config') AS oauth_config
  FROM old_service.rows_custom_integrations;

CREATE VIEW old_service.clear_secrets AS
  SELECT user_id, id AS integration_id, s.key AS credential_type, s.value, updated_at
  FROM old_service.read_integrations, old_service.secrets_of(oauth_config) AS s
  WHERE user_id IS NOT NULL AND id IS NOT NULL;

CREATE VIEW old_service.now_custom_integrations AS
  SELECT user_id, id, CASE WHEN place = 1 THEN name ELSE name || '_' || id END AS name,
    coalesce(r ->> 'display_name', name) AS display_name,
    coalesce(r ->> 'description', '') AS description,
    coalesce(old_service.given(r ->> 'auth_type'), 'api_key') AS auth_type,
    coalesce(r ->> 'base_url', '') AS base_url, r ->> 'auth_header' AS auth_header,
    r ->> 'auth_prefix' AS auth_prefix, old_service.yes(r ->> 'is_active', true) AS is_active,
    created_at, updated_at, coalesce(r ->> 'created_by', '') AS created_by,
    coalesce(r ->> 'updated_by', '') AS updated_by,
    CASE WHEN jsonb_typeof(oauth_config) = 'object'
      THEN oauth_config - old_service.secret_names() ELSE oauth_config END AS oauth_config,
    nullif(r - ARRAY['user_id', 'id', 'name', 'display_name', 'description', 'auth_type',
      'base_url', 'auth_header', 'auth_prefix', 'is_active', 'created_at', 'updated_at',
      'created_by', 'updated_by', 'oauth_config'], '{}') AS extra,
    CASE
      WHEN user_id IS NULL THEN 'it belongs to nobody: no user_id'
      WHEN id IS NULL THEN 'it has no id' END AS why_left,
    old_service.reasons(
      CASE WHEN old_service.given(r ->> 'user_id') IS NULL
        THEN 'it had no user_id and is of who created it' END,
      CASE WHEN EXISTS (SELECT FROM old_service.secrets_of(oauth_config))
        THEN 'a secret stood in clear in its oauth_config and is an encrypted credential now' END,
      CASE WHEN place > 1 THEN 'its user has a newer one of the same name: the id was put behind it'
      END) AS why_changed
  FROM (SELECT *, row_number() OVER (PARTITION BY user_id, name ORDER BY updated_at DESC, id DESC)
          AS place FROM old_service.read_integrations) AS i;

CREATE VIEW old_service.now_custom_integration_actions AS
  SELECT i.user_id, r ->> 'integration_id' AS integration_id, a.action_id,
    coalesce(r ->> 'id', a.action_id) AS id,
    coalesce(r ->> 'action_name', a.action_id) AS action_name,
    coalesce(r ->> 'description', '') AS description,
    upper(coalesce(old_service.given(r ->> 'http_method'), 'GET')) AS http_method,
    coalesce(r ->> 'endpoint', '') AS endpoint, a.created_at, a.updated_at,
    old_service.document(r -> 'parameters') AS parameters,
    nullif(r - ARRAY['user_id', 'integration_id', 'action_id', 'id', 'action_name', 'description',
      'http_method', 'endpoint', 'created_at', 'updated_at', 'parameters'], '{}') AS extra,
    CASE
      WHEN i.user_id IS NULL THEN 'its integration was not taken'
      WHEN a.action_id IS NULL THEN 'it has neither an action_id nor an id'
      WHEN row_number() OVER (PARTITION BY i.user_id, r ->> 'integration_id', a.action_id
                              ORDER BY a.updated_at DESC, r ->> 'id' DESC) > 1
        THEN 'a newer one of the same integration and action_id was taken' END AS why_left,
    '{}'::text[] AS why_changed
  FROM old_service.rows_custom_integration_actions
  CROSS JOIN LATERAL (SELECT
      coalesce(old_service.given(r ->> 'action_id'), old_service.given(r ->> 'id')) AS action_id,
      coalesce(old_service.moment(r ->> 'created_at'), old_service.moment(r ->> 'updated_at'),
               now()) AS created_at,
      coalesce(old_service.moment(r ->> 'updated_at'), old_service.moment(r ->> 'created_at'),
               now()) AS updated_at) AS a
  LEFT JOIN old_service.now_custom_integrations i
    ON i.id = r ->> 'integration_id' AND i.why_left IS NULL;

CREATE VIEW old_service.now_custom_integration_credentials AS
  SELECT c.user_id, r ->> 'integration_id' AS integration_id, c.credential_type,
    coalesce(r ->> 'id', c.credential_type) AS id, c.encrypted_value,
    old_service.moment(r ->> 'token_expires_at') AS token_expires_at,
    old_service.yes(r ->> 'is_valid', true) AS is_valid,
    old_service.moment(r ->> 'last_validated_at') AS last_validated_at, c.created_at, c.updated_at,
    nullif(r - ARRAY['user_id', 'integration_id', 'credential_type', 'id', 'encrypted_value',
      'token_expires_at', 'is_valid', 'last_validated_at', 'created_at', 'updated_at'], '{}')
      AS extra,
    CASE
      WHEN i.user_id IS NULL THEN 'its integration was not taken'
      WHEN c.user_id <> i.user_id THEN 'its integration belongs to another user'
      WHEN c.encrypted_value IS NULL THEN 'it has no value'
      WHEN row_number() OVER (PARTITION BY c.user_id, r ->> 'integration_id', c.credential_type,
                                c.encrypted_value IS NULL
                              ORDER BY c.updated_at DESC, r ->> 'id' DESC) > 1
        THEN 'a newer one for the same integration and type was taken' END AS why_left,
    old_service.reasons(
      CASE WHEN old_service.given(r ->> 'user_id') IS NULL
        THEN 'it had no user_id and has its integration''s' END,
      CASE WHEN c.encrypted_value <> r ->> 'encrypted_value'
        THEN 'its token was stored as bytes and is text now' END) AS why_changed
  FROM old_service.rows_custom_integration_credentials
  LEFT JOIN old_service.now_custom_integrations i
    ON i.id = r ->> 'integration_id' AND i.why_left IS NULL
  CROSS JOIN LATERAL (SELECT coalesce(old_service.given(r ->> 'user_id'), i.user_id) AS user_id,
      coalesce(old_service.given(r ->> 'credential_type'), 'api_key') AS credential_type,
      old_service.given(old_service.token(r ->> 'encrypted_value')) AS encrypted_value,
      coalesce(old_service.moment(r ->> 'created_at'), old_service.moment(r ->> 'updated_at'),
               now()) AS created_at,
      coalesce(old_service.moment(r ->> 'updated_at'), old_service.moment(r ->> 'created_at'),
               now()) AS updated_at) AS c;
GRANT SELECT ON old_service.now_custom_integrations, old_service.now_custom_integration_actions,
  old_service.now_custom_integration_credentials, old_service.clear_secrets TO pilot_system;

SET LOCAL ROLE pilot_system;
INSERT INTO public.custom_integrations (user_id, id, name, display_name, description, auth_type,
    base_url, auth_header, auth_prefix, is_active, created_at, updated_at, created_by, updated_by,
    oauth_config, extra)
  SELECT user_id, id, name, display_name, description, auth_type, base_url, auth_header,
    auth_prefix, is_active, created_at, updated_at, created_by, updated_by, oauth_config, extra
  FROM old_service.now_custom_integrations WHERE why_left IS NULL;
INSERT INTO public.custom_integration_actions (user_id, integration_id, action_id, id, action_name,
    description, http_method, endpoint, created_at, updated_at, parameters, extra)
  SELECT user_id, integration_id, action_id, id, action_name, description, http_method, endpoint,
    created_at, updated_at, parameters, extra
  FROM old_service.now_custom_integration_actions WHERE why_left IS NULL;
INSERT INTO public.custom_integration_credentials (user_id, integration_id, credential_type, id,
    token_expires_at, is_valid, last_validated_at, created_at, updated_at, key_id, encrypted_value,
    extra)
  SELECT user_id, integration_id, credential_type, id, token_expires_at, is_valid,
    last_validated_at, created_at, updated_at, '', encrypted_value, extra
  FROM old_service.now_custom_integration_credentials WHERE why_left IS NULL;
SET LOCAL ROLE NONE;
CALL old_service.note('custom_integrations');
CALL old_service.note('custom_integration_actions');
CALL old_service.note('custom_integration_credentials');
