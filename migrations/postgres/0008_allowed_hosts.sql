-- Where a user's calls may go: a list of their own, which binds whom they own, too.
SET LOCAL ROLE pilot_owner;

ALTER TABLE users ADD COLUMN allowed_hosts text;  -- rules, by spaces; NULL: anywhere; '': nowhere

SET LOCAL ROLE pilot_system;

CREATE FUNCTION create_user(p_id text, p_owner text, p_name text, p_email text, p_hash text,
                            p_created_at timestamptz, p_disabled boolean, p_hosts text)
  RETURNS text LANGUAGE plpgsql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  outcome text := create_user(p_id, p_owner, p_name, p_email, p_hash, p_created_at, p_disabled);
BEGIN
  IF outcome = 'done' THEN
    UPDATE users u SET allowed_hosts = p_hosts WHERE u.id = p_id COLLATE "C";
  END IF;
  RETURN outcome;
END
$$;

-- The list is set only if p_set_hosts: NULL is a value here.
CREATE FUNCTION update_user(p_id text, p_name text, p_email text, p_hash text, p_disabled boolean,
                            p_set_hosts boolean, p_hosts text)
  RETURNS text LANGUAGE plpgsql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  outcome text := update_user(p_id, p_name, p_email, p_hash, p_disabled);
BEGIN
  IF outcome = 'done' AND p_set_hosts THEN
    UPDATE users u SET allowed_hosts = p_hosts WHERE u.id = p_id COLLATE "C";
  END IF;
  RETURN outcome;
END
$$;

-- As before, with the list. Nodes that are older name their columns and do not notice.
DROP FUNCTION list_users(text, text, bigint);
CREATE FUNCTION list_users(p_owner text, p_after text, p_limit bigint)
  RETURNS TABLE (id text, owner_id text, name text, email text, password_hash text,
                 created_at timestamptz, disabled boolean, allowed_hosts text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT u.id, u.owner_id, u.name, u.email, '', u.created_at, u.disabled, u.allowed_hosts
  FROM users u
  WHERE (p_owner IS NULL OR u.owner_id = p_owner COLLATE "C") AND u.id > p_after COLLATE "C"
    AND u.removed_at IS NULL ORDER BY u.id LIMIT p_limit
$$;

-- The lists of the user of the transaction, of their owner, and of the owner's owner. Removed owners
-- bind still. UNION, not UNION ALL: two who own each other are no endless loop.
CREATE FUNCTION allowed_hosts() RETURNS SETOF text LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH RECURSIVE above AS (
    SELECT u.id, u.owner_id, u.allowed_hosts FROM users u WHERE u.id = current_user_id()
    UNION
    SELECT o.id, o.owner_id, o.allowed_hosts FROM users o JOIN above a ON o.id = a.owner_id
  )
  SELECT a.allowed_hosts FROM above a WHERE a.allowed_hosts IS NOT NULL
$$;

DO $rights$
DECLARE
  one regprocedure;
BEGIN
  FOR one IN SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname = 'public'
        AND p.proname IN ('create_user', 'update_user', 'list_users', 'allowed_hosts') LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', one);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO pilot_app', one);
  END LOOP;
END
$rights$;
SET LOCAL ROLE pilot_owner;
