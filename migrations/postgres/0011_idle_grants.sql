-- Whose grants nobody has used for a while (OAuthStore::idle_grants).
SET LOCAL ROLE pilot_owner;

CREATE INDEX access_tokens_by_user ON provider_credentials (user_id, updated_at)
  WHERE type = 'access_token';

SET LOCAL ROLE pilot_system;

-- Users after that one; which grants those are is read as the user.
CREATE FUNCTION users_with_idle_grants(p_before timestamptz, p_after text, p_limit bigint)
  RETURNS TABLE (user_id text) LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT DISTINCT c.user_id FROM provider_credentials c
  WHERE c.type = 'access_token' AND c.updated_at < p_before AND c.user_id > p_after COLLATE "C"
    AND EXISTS (SELECT FROM provider_credentials r WHERE r.user_id = c.user_id
      AND r.provider = c.provider AND r.connection = c.connection AND r.type = 'refresh_token')
    AND NOT EXISTS (SELECT FROM connection_states s WHERE s.user_id = c.user_id
      AND s.provider = c.provider AND s.connection = c.connection
      AND s.needs_reauth_at IS NOT NULL)
  ORDER BY c.user_id LIMIT p_limit
$$;
REVOKE ALL ON FUNCTION users_with_idle_grants(timestamptz, text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION users_with_idle_grants(timestamptz, text, bigint) TO pilot_app;
SET LOCAL ROLE pilot_owner;
