-- What sees more than one tenant: claiming runs, what is due, leases, partitions. Every function
-- here is SECURITY DEFINER with a fixed search_path and gives back routing columns only (whose, and
-- which): what is in the rows is read afterwards as the tenant. All but the last three belong to
-- pilot_system.
SET LOCAL ROLE pilot_system;

-- Takes runs that need somebody, those that have waited longest first; a run that another node is
-- just taking is passed by.
CREATE FUNCTION claim_runs(p_node text, p_now timestamptz, p_limit bigint)
  RETURNS TABLE (user_id text, id text) LANGUAGE sql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp
  SET enable_hashjoin = off SET enable_mergejoin = off AS $$
  WITH queued AS (
    SELECT r.user_id, r.id, r.created_at AS ready FROM runs r
    WHERE r.state = 'queued' AND r.node = '' ORDER BY r.id LIMIT p_limit
    FOR UPDATE SKIP LOCKED
  ), due AS (
    SELECT r.user_id, r.id, r.wake_at AS ready FROM runs r
    WHERE r.state = 'waiting' AND r.node = '' AND r.wake_at <= p_now ORDER BY r.wake_at LIMIT p_limit
    FOR UPDATE SKIP LOCKED
  ), chosen AS (
    SELECT * FROM queued UNION ALL SELECT * FROM due ORDER BY ready, id LIMIT p_limit
  ), taken AS (
    UPDATE runs r SET node = p_node, epoch = r.epoch + 1, reason = '', wake_at = NULL,
      state = CASE r.state WHEN 'waiting' THEN 'running' ELSE r.state END
    FROM chosen c WHERE r.user_id = c.user_id AND r.id = c.id AND r.node = ''
    RETURNING r.user_id, r.id, c.ready
  )
  SELECT t.user_id, t.id FROM taken t ORDER BY t.ready, t.id
$$;

CREATE FUNCTION owned_runs(p_node text)
  RETURNS TABLE (user_id text, id text) LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT r.user_id, r.id FROM runs r
  WHERE r.node = p_node AND r.node <> '' AND r.state IN ('queued', 'running', 'waiting')
$$;

-- Hands back what nodes without a lease still own, except p_node's own. Their late writes find
-- another owner and do nothing.
CREATE FUNCTION release_dead_runs(p_node text) RETURNS bigint LANGUAGE sql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH dead AS (
    SELECT DISTINCT r.node FROM runs r
    WHERE r.node <> '' AND r.state IN ('queued', 'running', 'waiting') AND r.node <> p_node
      AND NOT EXISTS (SELECT FROM nodes n WHERE n.id = r.node AND n.lease_until > clock_timestamp())
  ), released AS (
    UPDATE runs r SET node = '', state = CASE r.state WHEN 'running' THEN 'queued' ELSE r.state END,
      wake_at = CASE r.state WHEN 'waiting' THEN r.wake_at END
    FROM dead d WHERE r.node = d.node AND r.node <> ''
      AND r.state IN ('queued', 'running', 'waiting')
    RETURNING 1
  )
  SELECT count(*) FROM released
$$;

CREATE FUNCTION next_wake() RETURNS timestamptz LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT min(wake_at) FROM runs WHERE state = 'waiting' AND node = ''
$$;

CREATE FUNCTION count_open_runs() RETURNS bigint LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT (SELECT count(*) FROM runs WHERE state = 'queued' AND node = '')
       + (SELECT count(*) FILTER (WHERE state <> 'waiting') FROM runs
          WHERE node <> '' AND state IN ('queued', 'running', 'waiting'))
$$;

CREATE FUNCTION due_schedules(p_now timestamptz, p_limit bigint)
  RETURNS TABLE (user_id text, id text) LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT s.user_id, s.id FROM schedules s
  WHERE s.fire_at IS NOT NULL AND s.fire_at <= p_now ORDER BY s.fire_at LIMIT p_limit
$$;

CREATE FUNCTION next_fire() RETURNS timestamptz LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT min(fire_at) FROM schedules WHERE fire_at IS NOT NULL
$$;

CREATE FUNCTION any_encrypted_rows() RETURNS boolean LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM provider_credentials)
$$;

-- For the key ring: every sealed value, under which key it is, and putting it under another.
CREATE FUNCTION sealed_page(p_user text, p_provider text, p_connection text, p_type text,
                            p_limit bigint)
  RETURNS SETOF provider_credentials LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT * FROM provider_credentials c
  WHERE (c.user_id, c.provider, c.connection, c.type)
        > (p_user COLLATE "C", p_provider COLLATE "C", p_connection COLLATE "C", p_type COLLATE "C")
  ORDER BY c.user_id, c.provider, c.connection, c.type LIMIT p_limit
$$;

CREATE FUNCTION reseal(p_user text[], p_provider text[], p_connection text[], p_type text[],
                       p_old text[], p_new text[], p_key_id text[])
  RETURNS bigint LANGUAGE sql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH changed AS (
    UPDATE provider_credentials c SET encrypted_value = n.new_value, key_id = n.key_id
    FROM unnest(p_user, p_provider, p_connection, p_type, p_old, p_new, p_key_id)
      AS n(user_id, provider, connection, type, old_value, new_value, key_id)
    WHERE c.user_id = n.user_id AND c.provider = n.provider AND c.connection = n.connection
      AND c.type = n.type AND c.encrypted_value = n.old_value
    RETURNING 1
  )
  SELECT count(*) FROM changed
$$;

CREATE FUNCTION key_usage() RETURNS TABLE (key_id text, uses bigint) LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT c.key_id, count(*) FROM provider_credentials c GROUP BY 1 ORDER BY 1
$$;

-- Renews the node's lease, judged on the database's clock alone.
CREATE FUNCTION renew_lease(p_node text, p_name text, p_roles text, p_version text, p_ttl_ms bigint,
                            p_draining boolean)
  RETURNS void LANGUAGE sql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  INSERT INTO nodes AS n (id, name, roles, version, started_at, heartbeat_at, lease_until, draining)
  VALUES (p_node, p_name, p_roles, p_version, clock_timestamp(), clock_timestamp(),
          clock_timestamp() + p_ttl_ms * interval '1 millisecond', p_draining)
  ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at, draining = excluded.draining,
    roles = excluded.roles, lease_until = excluded.lease_until
$$;

CREATE FUNCTION cancel_requests(p_node text)
  RETURNS TABLE (user_id text, id text) LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT r.user_id, r.id FROM runs r WHERE r.node = p_node AND r.node <> '' AND r.cancel_requested
    AND r.state IN ('queued', 'running', 'waiting')
$$;

-- A node that stopped in order, and those that have been silent for a day.
CREATE FUNCTION forget_node(p_node text) RETURNS void LANGUAGE sql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  DELETE FROM nodes WHERE id = p_node OR lease_until < clock_timestamp() - interval '1 day'
$$;

CREATE FUNCTION list_nodes()
  RETURNS TABLE (id text, name text, roles text, version text, started_at timestamptz,
                 heartbeat_at timestamptz, lease_ms bigint, draining boolean, runs bigint)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT n.id, n.name, n.roles, n.version, n.started_at, n.heartbeat_at,
    (extract(epoch FROM n.lease_until - clock_timestamp()) * 1000)::bigint, n.draining,
    (SELECT count(*) FROM runs r WHERE r.node = n.id AND r.node <> ''
       AND r.state IN ('queued', 'running', 'waiting'))
  FROM nodes n ORDER BY n.started_at
$$;

-- Whether a run of that partition is not finished yet.
CREATE FUNCTION has_open_runs(p_from text, p_to text) RETURNS boolean LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM runs WHERE id >= p_from AND id < p_to
                   AND state IN ('queued', 'running', 'waiting'))
$$;

-- What a month that still holds an unfinished run may lose.
CREATE FUNCTION delete_finished_runs(p_from text, p_to text) RETURNS bigint LANGUAGE sql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH gone AS (
    DELETE FROM runs WHERE id >= p_from AND id < p_to
      AND state NOT IN ('queued', 'running', 'waiting') RETURNING user_id, id
  ), logs AS (
    DELETE FROM execution_logs l USING gone g
    WHERE l.user_id = g.user_id AND l.run_id = g.id
      AND l.run_id >= p_from AND l.run_id < p_to
  )
  SELECT count(*) FROM gone
$$;

SET LOCAL ROLE pilot_owner;

-- The smallest UUIDv7 of a moment: its milliseconds in 12 hex digits.
CREATE FUNCTION uuid_at(p_at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT left(h, 8) || '-' || right(h, 4)
  FROM (SELECT lpad(to_hex((extract(epoch FROM p_at) * 1000)::bigint), 12, '0') AS h) AS hex
$$;

-- Partitions from the month of p_now to p_months later. A month whose rows came before its partition
-- stays in the rest partition. Answers how many were made.
CREATE FUNCTION make_partitions(p_now timestamptz, p_months integer) RETURNS integer
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  parent text;
  part text;
  month timestamptz;
  made integer := 0;
BEGIN
  IF p_months NOT BETWEEN 0 AND 24 THEN
    RAISE EXCEPTION 'between 0 and 24 months ahead';
  END IF;
  PERFORM pg_advisory_xact_lock(1346980948, 2);
  FOR i IN 0..p_months LOOP
    month := date_trunc('month', p_now) + i * interval '1 month';
    FOREACH parent IN ARRAY ARRAY['runs', 'execution_logs'] LOOP
      part := format('%s_%s', parent, to_char(month, 'YYYY_MM'));
      CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
      BEGIN
        EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
                       part, parent, uuid_at(month), uuid_at(month + interval '1 month'));
        EXECUTE format('CALL public.guard_tenant_table(%L)', 'public.' || part);
        made := made + 1;
      EXCEPTION WHEN check_violation THEN
        RAISE WARNING 'rows of % are in the rest partition and stay there', part;
      END;
    END LOOP;
  END LOOP;
  RETURN made;
END
$$;

-- Months that ended before p_before: dropped, or, with an unfinished run in them, emptied of what is
-- finished. Answers the names of what was dropped.
CREATE FUNCTION drop_partitions(p_before timestamptz) RETURNS SETOF text
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  part text;
  month timestamptz;
  low text;
  high text;
BEGIN
  PERFORM pg_advisory_xact_lock(1346980948, 2);
  FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'public.runs'::regclass AND c.relname ~ '^runs_[0-9]{4}_[0-9]{2}$'
      ORDER BY 1 LOOP
    month := (replace(substr(part, 6), '_', '-') || '-01')::timestamptz;
    CONTINUE WHEN month + interval '1 month' > p_before;
    low := uuid_at(month);
    high := uuid_at(month + interval '1 month');
    IF has_open_runs(low, high) THEN
      PERFORM delete_finished_runs(low, high);
      CONTINUE;
    END IF;
    EXECUTE format('DROP TABLE public.%I', part);
    EXECUTE format('DROP TABLE IF EXISTS public.%I', 'execution_logs_' || substr(part, 6));
    RETURN NEXT part;
  END LOOP;
END
$$;
SELECT make_partitions(now(), 3);

REVOKE ALL ON FUNCTION claim_runs(text, timestamptz, bigint), owned_runs(text),
  release_dead_runs(text), next_wake(), count_open_runs(), due_schedules(timestamptz, bigint),
  next_fire(), any_encrypted_rows(), sealed_page(text, text, text, text, bigint),
  reseal(text[], text[], text[], text[], text[], text[], text[]), key_usage(), renew_lease(text, text, text, text, bigint, boolean),
  forget_node(text), list_nodes(), cancel_requests(text), has_open_runs(text, text), delete_finished_runs(text, text),
  make_partitions(timestamptz, integer), drop_partitions(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION claim_runs(text, timestamptz, bigint), owned_runs(text),
  release_dead_runs(text), next_wake(), count_open_runs(), due_schedules(timestamptz, bigint),
  next_fire(), any_encrypted_rows(), sealed_page(text, text, text, text, bigint),
  reseal(text[], text[], text[], text[], text[], text[], text[]), key_usage(), renew_lease(text, text, text, text, bigint, boolean),
  forget_node(text), list_nodes(), cancel_requests(text), make_partitions(timestamptz, integer),
  drop_partitions(timestamptz) TO pilot_app;
GRANT EXECUTE ON FUNCTION has_open_runs(text, text), delete_finished_runs(text, text)
  TO pilot_owner;
