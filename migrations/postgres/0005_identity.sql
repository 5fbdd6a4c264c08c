-- Who may call: users, their API keys and their browser sessions. Directory tables: they are looked
-- up before the user is known, so pilot_app has no right to them and goes through the functions below.
-- What belongs to one user is looked for as current_user_id(), not by a parameter.
SET LOCAL ROLE pilot_owner;

-- A removed user stays as a row without a name, so that nobody can take the id (and with it the plans
-- and runs that are still there).
CREATE TABLE users (
  id             text COLLATE "C" NOT NULL PRIMARY KEY,
  owner_id       text COLLATE "C" NOT NULL,  -- '': nobody's but the operator's
  name           text COLLATE "C" NOT NULL,  -- to sign in with
  email          text NOT NULL,
  password_hash  text NOT NULL,              -- argon2id, encoded; '': cannot sign in
  created_at     timestamptz NOT NULL,
  disabled       boolean NOT NULL,
  removed_at     timestamptz
);
CREATE UNIQUE INDEX users_by_name ON users (name) WHERE removed_at IS NULL;
CREATE INDEX users_by_owner ON users (owner_id, id);
CREATE INDEX users_who_sign_in ON users (id) WHERE password_hash <> '';

CREATE TABLE api_keys (
  user_id       text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL,
  name          text NOT NULL,
  prefix        text NOT NULL,               -- for people to know it again by
  sha256        text COLLATE "C" NOT NULL,   -- of the whole key, hexadecimal
  scopes        text NOT NULL,               -- read,run,...
  expires_at    timestamptz,
  created_at    timestamptz NOT NULL,
  last_used_at  timestamptz,
  revoked_at    timestamptz,
  PRIMARY KEY (user_id, id)
);
CREATE UNIQUE INDEX api_keys_by_sha256 ON api_keys (sha256);

CREATE TABLE sessions (
  user_id       text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL,
  sha256        text COLLATE "C" NOT NULL,   -- of the cookie's value, hexadecimal
  created_at    timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL,
  last_seen_at  timestamptz NOT NULL,
  PRIMARY KEY (user_id, id)
);
CREATE UNIQUE INDEX sessions_by_sha256 ON sessions (sha256);

CALL guard_directory_table('users');
CALL guard_directory_table('api_keys');
CALL guard_directory_table('sessions');

SET LOCAL ROLE pilot_system;

CREATE FUNCTION find_users(p_id text, p_name text)
  RETURNS SETOF users LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT * FROM users u WHERE u.removed_at IS NULL
    AND (u.id = p_id COLLATE "C" OR u.name = p_name COLLATE "C")
$$;

-- Answers what came of it: done, duplicate_id or name_taken.
CREATE FUNCTION create_user(p_id text, p_owner text, p_name text, p_email text, p_hash text,
                            p_created_at timestamptz, p_disabled boolean)
  RETURNS text LANGUAGE plpgsql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM users u WHERE u.id = p_id COLLATE "C") THEN
    RETURN 'duplicate_id';
  END IF;
  INSERT INTO users (id, owner_id, name, email, password_hash, created_at, disabled)
    VALUES (p_id, p_owner, p_name, p_email, p_hash, p_created_at, p_disabled)
    ON CONFLICT DO NOTHING;
  RETURN CASE WHEN FOUND THEN 'done' ELSE 'name_taken' END;
END
$$;

-- NULL: stays as it is. A new password, or disabling, ends the sessions. Answers done, not_found or
-- name_taken.
CREATE FUNCTION update_user(p_id text, p_name text, p_email text, p_hash text, p_disabled boolean)
  RETURNS text LANGUAGE plpgsql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  off boolean;
BEGIN
  IF p_name IS NOT NULL AND EXISTS (SELECT FROM users u WHERE u.name = p_name COLLATE "C"
      AND u.removed_at IS NULL AND u.id <> p_id COLLATE "C") THEN
    RETURN 'name_taken';
  END IF;
  UPDATE users u SET name = coalesce(p_name, u.name), email = coalesce(p_email, u.email),
    password_hash = coalesce(p_hash, u.password_hash), disabled = coalesce(p_disabled, u.disabled)
    WHERE u.id = p_id COLLATE "C" AND u.removed_at IS NULL RETURNING u.disabled INTO off;
  IF NOT FOUND THEN
    RETURN 'not_found';
  END IF;
  IF off OR p_hash IS NOT NULL THEN
    DELETE FROM sessions s WHERE s.user_id = p_id COLLATE "C";
  END IF;
  RETURN 'done';
END
$$;

CREATE FUNCTION remove_user(p_id text, p_now timestamptz) RETURNS boolean LANGUAGE plpgsql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE users u SET name = '', email = '', password_hash = '', disabled = true, removed_at = p_now
    WHERE u.id = p_id COLLATE "C" AND u.removed_at IS NULL;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE api_keys k SET revoked_at = p_now
    WHERE k.user_id = p_id COLLATE "C" AND k.revoked_at IS NULL;
  DELETE FROM sessions s WHERE s.user_id = p_id COLLATE "C";
  RETURN true;
END
$$;

-- p_owner NULL: all there are. Without the password's hash.
CREATE FUNCTION list_users(p_owner text, p_after text, p_limit bigint)
  RETURNS TABLE (id text, owner_id text, name text, email text, password_hash text,
                 created_at timestamptz, disabled boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT u.id, u.owner_id, u.name, u.email, '', u.created_at, u.disabled FROM users u
  WHERE (p_owner IS NULL OR u.owner_id = p_owner COLLATE "C") AND u.id > p_after COLLATE "C"
    AND u.removed_at IS NULL ORDER BY u.id LIMIT p_limit
$$;

CREATE FUNCTION owns_user(p_owner text, p_user text) RETURNS boolean LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM users u WHERE u.id = p_user COLLATE "C"
    AND u.owner_id = p_owner COLLATE "C" AND NOT u.disabled AND u.removed_at IS NULL)
$$;

-- A user without a row is fine: "local", and those that a key was made for.
CREATE FUNCTION may_call(p_user text) RETURNS boolean LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT NOT EXISTS (SELECT FROM users u WHERE u.id = p_user COLLATE "C"
    AND (u.disabled OR u.removed_at IS NOT NULL))
$$;

-- Of the revoked keys the newest p_most are kept. Answers false when p_most are in use.
CREATE FUNCTION create_key(p_id text, p_name text, p_prefix text, p_sha256 text, p_scopes text,
                           p_expires_at timestamptz, p_created_at timestamptz, p_most bigint)
  RETURNS boolean LANGUAGE plpgsql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF (SELECT count(*) FROM api_keys k WHERE k.user_id = current_user_id()
        AND k.revoked_at IS NULL) >= p_most THEN
    RETURN false;
  END IF;
  DELETE FROM api_keys k WHERE k.user_id = current_user_id() AND k.id IN (
    SELECT r.id FROM api_keys r WHERE r.user_id = current_user_id() AND r.revoked_at IS NOT NULL
    ORDER BY r.id DESC OFFSET p_most);
  INSERT INTO api_keys (user_id, id, name, prefix, sha256, scopes, expires_at, created_at)
    VALUES (current_user_id(), p_id, p_name, p_prefix, p_sha256, p_scopes, p_expires_at,
            p_created_at);
  RETURN true;
END
$$;

CREATE FUNCTION find_key(p_sha256 text) RETURNS SETOF api_keys LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT * FROM api_keys k WHERE k.sha256 = p_sha256 COLLATE "C" AND k.revoked_at IS NULL
    AND may_call(k.user_id)
$$;

CREATE FUNCTION list_keys(p_before text, p_limit bigint) RETURNS SETOF api_keys LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT * FROM api_keys k WHERE k.user_id = current_user_id() AND k.id < p_before COLLATE "C"
  ORDER BY k.id DESC LIMIT p_limit
$$;

CREATE FUNCTION revoke_key(p_id text, p_now timestamptz) RETURNS boolean LANGUAGE sql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH revoked AS (
    UPDATE api_keys k SET revoked_at = coalesce(k.revoked_at, p_now)
    WHERE k.user_id = current_user_id() AND k.id = p_id COLLATE "C" RETURNING 1
  )
  SELECT EXISTS (SELECT FROM revoked)
$$;

CREATE FUNCTION touch_key(p_id text, p_now timestamptz) RETURNS void LANGUAGE sql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  UPDATE api_keys k SET last_used_at = p_now
  WHERE k.user_id = current_user_id() AND k.id = p_id COLLATE "C"
    AND coalesce(k.last_used_at, '-infinity') <= p_now - interval '1 minute'
$$;

CREATE FUNCTION create_session(p_id text, p_sha256 text, p_created_at timestamptz,
                               p_expires_at timestamptz, p_last_seen_at timestamptz, p_most bigint)
  RETURNS void LANGUAGE plpgsql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM sessions s WHERE s.user_id = current_user_id() AND (s.expires_at <= p_created_at
    OR s.id IN (SELECT o.id FROM sessions o WHERE o.user_id = current_user_id()
                ORDER BY o.id DESC OFFSET p_most - 1));
  INSERT INTO sessions VALUES (current_user_id(), p_id, p_sha256, p_created_at, p_expires_at,
                               p_last_seen_at);
END
$$;

CREATE FUNCTION find_session(p_sha256 text) RETURNS SETOF sessions LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT * FROM sessions s WHERE s.sha256 = p_sha256 COLLATE "C" AND may_call(s.user_id)
$$;

CREATE FUNCTION touch_session(p_id text, p_now timestamptz, p_expires_at timestamptz)
  RETURNS void LANGUAGE sql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  UPDATE sessions s SET last_seen_at = p_now, expires_at = p_expires_at
  WHERE s.user_id = current_user_id() AND s.id = p_id COLLATE "C"
    AND s.last_seen_at <= p_now - interval '1 minute'
$$;

CREATE FUNCTION remove_session(p_id text) RETURNS void LANGUAGE sql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  DELETE FROM sessions s WHERE s.user_id = current_user_id() AND s.id = p_id COLLATE "C"
$$;

CREATE FUNCTION any_sign_in() RETURNS boolean LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM api_keys) OR EXISTS (SELECT FROM users WHERE password_hash <> '')
$$;

DO $rights$
DECLARE
  one regprocedure;
BEGIN
  FOR one IN SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname = 'public' AND p.proname IN ('find_users', 'create_user', 'update_user',
        'remove_user', 'list_users', 'owns_user', 'may_call', 'create_key', 'find_key', 'list_keys',
        'revoke_key', 'touch_key', 'create_session', 'find_session', 'touch_session',
        'remove_session', 'any_sign_in') LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', one);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO pilot_app', one);
  END LOOP;
END
$rights$;
SET LOCAL ROLE pilot_owner;
