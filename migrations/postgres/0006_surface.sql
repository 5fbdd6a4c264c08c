-- What was done for an Idempotency-Key, and who was refused or did something privileged.
SET LOCAL ROLE pilot_owner;

-- The primary key is the guarantee of one doing for one key. run_id is decided with the claim and
-- stays, so that a run which was made before the answer was kept is found again.
CREATE TABLE idempotency_keys (
  user_id       text COLLATE "C" NOT NULL,
  route         text COLLATE "C" NOT NULL,  -- "POST /api/runs"
  key           text COLLATE "C" NOT NULL,
  request_hash  text NOT NULL,
  state         text NOT NULL,     -- claimed, free (it failed: whoever comes next does it), done
  claim         text NOT NULL,     -- of the request that does it; another's finish does nothing
  node          text NOT NULL,     -- the process that does it
  run_id        text COLLATE "C" NOT NULL,
  created_at    timestamptz NOT NULL,  -- of the key's first request: kept for a day from then
  claimed_at    timestamptz NOT NULL,
  status        integer NOT NULL,  -- of the answer; 0 before
  body_kept     boolean NOT NULL,  -- false: too large, or it held a secret
  content_type  text NOT NULL,
  headers       json,              -- [[name, value]]
  body          bytea NOT NULL,    -- as it was sent
  PRIMARY KEY (user_id, route, key)
);
-- Not by user, on purpose: the system's own query for what is over.
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);

CREATE TABLE audit_log (
  user_id      text COLLATE "C" NOT NULL,  -- whose; '': nobody who was known (the operator's)
  id           text COLLATE "C" NOT NULL,  -- UUIDv7: sorts by time
  at           timestamptz NOT NULL,
  caller       text NOT NULL,     -- nobody, loopback, operator, key, session
  caller_id    text NOT NULL,     -- of the key or session
  method       text NOT NULL,
  route        text NOT NULL,     -- the pattern, not the path
  status       integer NOT NULL,
  code         text NOT NULL,     -- of a refusal
  address      text NOT NULL,
  request_id   text NOT NULL,
  acting_for   text NOT NULL,     -- the user whom the caller acted for
  PRIMARY KEY (user_id, id)
);
-- For the operator's list of all, and for what is over: the system's own queries.
CREATE INDEX audit_log_by_id ON audit_log (id);
CREATE INDEX audit_log_by_time ON audit_log (at);

CALL guard_tenant_table('idempotency_keys');
CALL guard_tenant_table('audit_log');
-- Rows are only ever added, and by the function below: nobody can change what was written of them.
REVOKE INSERT, UPDATE, DELETE ON audit_log FROM pilot_app;

-- As the tenant. Answers whether the caller has the key now (fresh, taken_over), or whose it is
-- (in_progress, mismatch, answered).
CREATE FUNCTION begin_idempotent(
    p_user text, p_route text, p_key text, p_hash text, p_claim text, p_node text, p_run text,
    p_now timestamptz, p_others_before timestamptz, p_own_before timestamptz,
    p_forget_before timestamptz, OUT kind text, OUT entry idempotency_keys)
  LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO idempotency_keys VALUES (p_user, p_route, p_key, p_hash, 'claimed', p_claim, p_node,
    p_run, p_now, p_now, 0, false, '', NULL, '') ON CONFLICT (user_id, route, key) DO NOTHING
    RETURNING * INTO entry;
  IF FOUND THEN
    kind := 'fresh';
    RETURN;
  END IF;
  SELECT * INTO STRICT entry FROM idempotency_keys k
    WHERE k.user_id = p_user AND k.route = p_route AND k.key = p_key FOR UPDATE;
  IF entry.created_at < p_forget_before OR (entry.state = 'free' AND entry.request_hash <> p_hash) THEN
    UPDATE idempotency_keys k SET request_hash = p_hash, state = 'claimed', claim = p_claim,
      node = p_node, run_id = p_run, created_at = p_now, claimed_at = p_now, status = 0,
      content_type = '', headers = NULL, body_kept = false, body = ''
      WHERE k.user_id = p_user AND k.route = p_route AND k.key = p_key RETURNING * INTO entry;
    kind := 'fresh';
  ELSIF entry.request_hash <> p_hash THEN
    kind := 'mismatch';
  ELSIF entry.state = 'done' THEN
    kind := 'answered';
  ELSIF entry.state = 'claimed' AND entry.claimed_at >=
      (CASE WHEN entry.node = p_node THEN p_own_before ELSE p_others_before END) THEN
    kind := 'in_progress';
  ELSE
    UPDATE idempotency_keys k SET state = 'claimed', claim = p_claim, node = p_node,
      claimed_at = p_now WHERE k.user_id = p_user AND k.route = p_route AND k.key = p_key
      RETURNING * INTO entry;
    kind := 'taken_over';
  END IF;
END
$$;
REVOKE ALL ON FUNCTION begin_idempotent(text, text, text, text, text, text, text, timestamptz,
  timestamptz, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION begin_idempotent(text, text, text, text, text, text, text, timestamptz,
  timestamptz, timestamptz, timestamptz) TO pilot_app;

SET LOCAL ROLE pilot_system;

CREATE FUNCTION purge_idempotency(p_before timestamptz, p_limit bigint) RETURNS bigint LANGUAGE sql
  VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH gone AS (
    DELETE FROM idempotency_keys k USING (SELECT o.user_id, o.route, o.key FROM idempotency_keys o
      WHERE o.created_at < p_before ORDER BY o.created_at LIMIT p_limit FOR UPDATE SKIP LOCKED) old
    WHERE k.user_id = old.user_id AND k.route = old.route AND k.key = old.key RETURNING 1
  )
  SELECT count(*) FROM gone
$$;

CREATE FUNCTION append_audit(p_rows json) RETURNS void LANGUAGE sql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  INSERT INTO audit_log SELECT * FROM json_populate_recordset(NULL::audit_log, p_rows)
  ON CONFLICT (user_id, id) DO NOTHING
$$;

-- Of all tenants: for whoever runs the server.
CREATE FUNCTION list_all_audit(p_before text, p_limit bigint) RETURNS SETOF audit_log LANGUAGE sql
  STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT * FROM audit_log a WHERE a.id < p_before COLLATE "C" ORDER BY a.id DESC LIMIT p_limit
$$;

-- Of callers who were nobody: no tenant can see them.
CREATE FUNCTION list_nobodys_audit(p_before text, p_limit bigint) RETURNS SETOF audit_log
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT * FROM audit_log a WHERE a.user_id = '' AND a.id < p_before COLLATE "C"
  ORDER BY a.id DESC LIMIT p_limit
$$;

CREATE FUNCTION purge_audit(p_before timestamptz, p_keep_nobodys bigint, p_limit bigint)
  RETURNS bigint LANGUAGE plpgsql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  went bigint;
  more bigint;
BEGIN
  DELETE FROM audit_log a USING (SELECT o.user_id, o.id FROM audit_log o WHERE o.at < p_before
    ORDER BY o.at LIMIT p_limit) old WHERE a.user_id = old.user_id AND a.id = old.id;
  GET DIAGNOSTICS went = ROW_COUNT;
  IF went >= p_limit THEN
    RETURN went;
  END IF;
  DELETE FROM audit_log a USING (SELECT o.user_id, o.id FROM audit_log o WHERE o.user_id = ''
    ORDER BY o.id DESC LIMIT p_limit - went OFFSET p_keep_nobodys) old
    WHERE a.user_id = old.user_id AND a.id = old.id;
  GET DIAGNOSTICS more = ROW_COUNT;
  RETURN went + more;
END
$$;

REVOKE ALL ON FUNCTION purge_idempotency(timestamptz, bigint), append_audit(json),
  list_all_audit(text, bigint), list_nobodys_audit(text, bigint), purge_audit(timestamptz, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purge_idempotency(timestamptz, bigint), append_audit(json),
  list_all_audit(text, bigint), list_nobodys_audit(text, bigint), purge_audit(timestamptz, bigint, bigint) TO pilot_app;
SET LOCAL ROLE pilot_owner;
