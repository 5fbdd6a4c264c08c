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
  encrypted_value    text NOT NULL,  -- a Fernet token
  extra              jsonb,
  PRIMARY KEY (user_id, integration_id, credential_type)
);

CALL guard_tenant_table('custom_integrations');
CALL guard_tenant_table('custom_integration_actions');
CALL guard_tenant_table('custom_integration_credentials');

SET LOCAL ROLE pilot_system;
CREATE OR REPLACE FUNCTION any_encrypted_rows() RETURNS boolean LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM provider_credentials)
      OR EXISTS (SELECT FROM custom_integration_credentials)
$$;
SET LOCAL ROLE pilot_owner;
