-- Custom integrations: a user's own providers, their actions and their credentials. The old
-- service's tables and columns, with user_id in front; what a taken-over row had beside the columns
-- below stands in `extra`.
SET LOCAL ROLE pilot_owner;

CREATE TABLE custom_integrations (
  user_id       text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL,
  name          text COLLATE "C" NOT NULL,
  display_name  text NOT NULL,
  description   text NOT NULL,
  auth_type     text NOT NULL,  -- api_key, oauth
  base_url      text NOT NULL,
  auth_header   text,           -- NULL: Authorization
  auth_prefix   text,           -- NULL: Bearer
  is_active     boolean NOT NULL,
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL,
  created_by    text NOT NULL,
  updated_by    text NOT NULL,
  oauth_config  jsonb,
  extra         jsonb,
  PRIMARY KEY (user_id, id),
  UNIQUE (user_id, name)
);

CREATE TABLE custom_integration_actions (
  user_id         text COLLATE "C" NOT NULL,
  integration_id  text COLLATE "C" NOT NULL,
  action_id       text COLLATE "C" NOT NULL,  -- its name in a step
  id              text COLLATE "C" NOT NULL,
  action_name     text NOT NULL,              -- for people
  description     text NOT NULL,
  http_method     text NOT NULL,
  endpoint        text NOT NULL,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  parameters      jsonb,
  extra           jsonb,
  PRIMARY KEY (user_id, integration_id, action_id)
);

CREATE TABLE custom_integration_credentials (
  user_id            text COLLATE "C" NOT NULL,
  integration_id     text COLLATE "C" NOT NULL,
  credential_type    text COLLATE "C" NOT NULL,
  id                 text COLLATE "C" NOT NULL,
  token_expires_at   timestamptz,
  is_valid           boolean NOT NULL,
  last_validated_at  timestamptz,
  created_at         timestamptz NOT NULL,
  updated_at         timestamptz NOT NULL,
  key_id             text NOT NULL,  -- FernetKey::id() of what sealed it; '': to be found by trying
  encrypted_value    text NOT NULL,  -- a Fernet token
  extra              jsonb,
  PRIMARY KEY (user_id, integration_id, credential_type)
);

CALL guard_tenant_table('custom_integrations');
CALL guard_tenant_table('custom_integration_actions');
CALL guard_tenant_table('custom_integration_credentials');

-- The key ring looks after these as after the others. In its walk over all sealed values they stand
-- under a provider's name that no provider can have, with the integration as the connection.
SET LOCAL ROLE pilot_system;
CREATE OR REPLACE FUNCTION any_encrypted_rows() RETURNS boolean LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM provider_credentials)
      OR EXISTS (SELECT FROM custom_integration_credentials)
$$;

CREATE OR REPLACE FUNCTION sealed_page(p_user text, p_provider text, p_connection text, p_type text,
                                       p_limit bigint)
  RETURNS SETOF provider_credentials LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT * FROM (
    (SELECT * FROM provider_credentials c
     WHERE (c.user_id, c.provider, c.connection, c.type) > (p_user COLLATE "C",
       p_provider COLLATE "C", p_connection COLLATE "C", p_type COLLATE "C")
     ORDER BY c.user_id, c.provider, c.connection, c.type LIMIT p_limit)
    UNION ALL
    (SELECT i.user_id, ':custom_integration', i.integration_id, i.credential_type,
       i.token_expires_at, i.created_at, i.updated_at, i.key_id, i.encrypted_value, ''
     FROM custom_integration_credentials i
     WHERE (i.user_id, ':custom_integration' COLLATE "C", i.integration_id, i.credential_type)
       > (p_user COLLATE "C", p_provider COLLATE "C", p_connection COLLATE "C", p_type COLLATE "C")
     ORDER BY i.user_id, i.integration_id, i.credential_type LIMIT p_limit)
  ) AS both_kinds
  ORDER BY user_id, provider COLLATE "C", connection, type LIMIT p_limit
$$;

CREATE OR REPLACE FUNCTION reseal(p_user text[], p_provider text[], p_connection text[],
                                  p_type text[], p_old text[], p_new text[], p_key_id text[])
  RETURNS bigint LANGUAGE sql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH given AS (
    SELECT * FROM unnest(p_user, p_provider, p_connection, p_type, p_old, p_new, p_key_id)
      AS n(user_id, provider, connection, type, old_value, new_value, key_id)
  ), changed AS (
    UPDATE provider_credentials c SET encrypted_value = n.new_value, key_id = n.key_id
    FROM given n WHERE c.user_id = n.user_id AND c.provider = n.provider
      AND c.connection = n.connection AND c.type = n.type AND c.encrypted_value = n.old_value
    RETURNING 1
  ), changed_too AS (
    UPDATE custom_integration_credentials c SET encrypted_value = n.new_value, key_id = n.key_id
    FROM given n WHERE n.provider = ':custom_integration' AND c.user_id = n.user_id
      AND c.integration_id = n.connection AND c.credential_type = n.type
      AND c.encrypted_value = n.old_value
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM changed) + (SELECT count(*) FROM changed_too)
$$;

CREATE OR REPLACE FUNCTION key_usage() RETURNS TABLE (key_id text, uses bigint) LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT k.key_id, count(*) FROM (
    SELECT c.key_id FROM provider_credentials c
    UNION ALL SELECT i.key_id FROM custom_integration_credentials i) AS k GROUP BY 1 ORDER BY 1
$$;
SET LOCAL ROLE pilot_owner;
