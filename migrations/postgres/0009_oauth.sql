-- Connecting by OAuth 2, and how a connection stands with its vendor.
SET LOCAL ROLE pilot_owner;

-- A user who has been sent to a vendor and is not back yet. Removed when the answer comes: once.
CREATE TABLE oauth_states (
  user_id         text COLLATE "C" NOT NULL,
  state_sha256    text COLLATE "C" NOT NULL,  -- of the state in the URL, hexadecimal
  provider        text COLLATE "C" NOT NULL,
  connection      text COLLATE "C" NOT NULL,
  return_to       text NOT NULL,     -- '': Pilot's own page
  browser_sha256  text NOT NULL,     -- of the cookie of the browser that began; '': an API client did
  verifier        text NOT NULL,     -- the PKCE verifier, a Fernet token
  key_id          text NOT NULL,
  created_at      timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,
  PRIMARY KEY (user_id, state_sha256)
);
-- Not by user, on purpose: the answer does not say whose it is.
CREATE INDEX oauth_states_by_sha256 ON oauth_states (state_sha256);

CREATE TABLE connection_states (
  user_id          text COLLATE "C" NOT NULL,
  provider         text COLLATE "C" NOT NULL,
  connection       text COLLATE "C" NOT NULL,
  needs_reauth_at  timestamptz,       -- NULL: it is fine, as far as is known
  reason           text NOT NULL DEFAULT '',  -- invalid_grant, unauthorized; '': it is fine
  scopes           text NOT NULL DEFAULT '',  -- granted, by spaces; '': not known
  lease_holder     text NOT NULL DEFAULT '',  -- who refreshes the token now
  lease_until      timestamptz,       -- on the database's clock
  PRIMARY KEY (user_id, provider, connection)
);

CALL guard_tenant_table('oauth_states');
CALL guard_tenant_table('connection_states');

-- Runs that a reconnected user's connection wakes.
CREATE INDEX runs_for_reauth ON runs (user_id) WHERE state = 'waiting' AND reason = 'needs_reauth';

-- As the tenant: new tokens, if the refresh token is still the one that they were got with (p_old;
-- '': whatever there is). Answers whether they were taken.
CREATE FUNCTION commit_grant(
    p_user text, p_provider text, p_connection text, p_old text, p_types text[], p_values text[],
    p_key_ids text[], p_expires timestamptz[], p_scopes text, p_now timestamptz)
  RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF p_old <> '' THEN
    PERFORM FROM provider_credentials c WHERE c.user_id = p_user AND c.provider = p_provider
      AND c.connection = p_connection AND c.type = 'refresh_token' AND c.encrypted_value = p_old
      FOR UPDATE;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
  END IF;
  INSERT INTO provider_credentials (user_id, provider, connection, type, encrypted_value, key_id,
      expires_at, created_at, updated_at)
    SELECT p_user, p_provider, p_connection, n.type, n.value, n.key_id, n.expires_at, p_now, p_now
    FROM unnest(p_types, p_values, p_key_ids, p_expires) AS n(type, value, key_id, expires_at)
    ON CONFLICT (user_id, provider, connection, type) DO UPDATE SET
      encrypted_value = excluded.encrypted_value, key_id = excluded.key_id,
      expires_at = excluded.expires_at, updated_at = excluded.updated_at;
  INSERT INTO connection_states (user_id, provider, connection, scopes)
    VALUES (p_user, p_provider, p_connection, p_scopes)
    ON CONFLICT (user_id, provider, connection) DO UPDATE SET needs_reauth_at = NULL, reason = '',
      scopes = CASE excluded.scopes WHEN '' THEN connection_states.scopes ELSE excluded.scopes END,
      lease_holder = '', lease_until = NULL;
  RETURN true;
END
$$;
REVOKE ALL ON FUNCTION commit_grant(text, text, text, text, text[], text[], text[], timestamptz[],
  text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION commit_grant(text, text, text, text, text[], text[], text[],
  timestamptz[], text, timestamptz) TO pilot_app;

SET LOCAL ROLE pilot_system;

-- Whose the state is; what is in it is read as that user.
CREATE FUNCTION oauth_state_owner(p_sha256 text) RETURNS TABLE (user_id text) LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT s.user_id FROM oauth_states s WHERE s.state_sha256 = p_sha256 COLLATE "C"
$$;
REVOKE ALL ON FUNCTION oauth_state_owner(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION oauth_state_owner(text) TO pilot_app;
SET LOCAL ROLE pilot_owner;
