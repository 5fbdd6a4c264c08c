-- How the old rows are read: as JSON, whatever types their columns have, so that a column that is
-- not there is NULL and a table that is not there is empty. And what is written down about it.
--
-- OFFSET 0 keeps what it stands behind from being computed anew at each place that uses it.
--
-- Each of the files that follow makes a view now_TABLE: Pilot's columns, and beside them why_left
-- (NULL: the row is taken) and why_changed (what of it is not as it was). The rows are inserted from
-- it as pilot_system, which may write every tenant's; note() counts.
GRANT USAGE ON SCHEMA old_service TO pilot_system;

CREATE TABLE old_service.take_over (
  at                 timestamptz NOT NULL DEFAULT now(),
  schedules_made_at  timestamptz,
  unreadable         jsonb        -- credentials that no key opens; NULL: there was no key to try
);
CREATE TABLE old_service.take_over_notes (
  table_name  text NOT NULL,
  outcome     text NOT NULL,    -- rows, taken, changed, left, remark
  reason      text NOT NULL,    -- '': the number of all such rows
  rows        bigint NOT NULL
);
-- What providers are called today, where it is another name. Filled by the program.
CREATE TABLE old_service.provider_names (was text NOT NULL PRIMARY KEY, name text NOT NULL);

DO $read$
DECLARE
  old text;
BEGIN
  FOREACH old IN ARRAY ARRAY['execution_plans', 'provider_credentials', 'execution_logs',
      'custom_integrations', 'custom_integration_actions', 'custom_integration_credentials'] LOOP
    IF to_regclass('old_service.' || old) IS NULL THEN
      EXECUTE format('CREATE VIEW old_service.rows_%s AS SELECT NULL::jsonb AS r WHERE false', old);
    ELSE
      EXECUTE format('CREATE VIEW old_service.rows_%s AS SELECT to_jsonb(old_row) AS r'
                     ' FROM old_service.%I AS old_row OFFSET 0', old, old);
    END IF;
  END LOOP;
END
$read$;

-- '' and NULL are nothing.
CREATE FUNCTION old_service.given(p text) RETURNS text LANGUAGE sql IMMUTABLE
  AS $$ SELECT nullif(p, '') $$;

-- A time without a zone is UTC (the transaction's zone); none that Pilot cannot show.
CREATE FUNCTION old_service.moment(p text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN p IS NULL OR p IN ('', 'infinity', '-infinity') THEN NULL
    ELSE least(greatest(p::timestamptz, 'epoch'), '9999-12-31T23:59:59Z') END
$$;

CREATE FUNCTION old_service.whole(p text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p ~ '^-?[0-9]{1,15}(\.[0-9]+)?$' THEN round(p::numeric)::bigint END
$$;

CREATE FUNCTION old_service.yes(p text, p_otherwise boolean) RETURNS boolean LANGUAGE sql IMMUTABLE
  AS $$ SELECT CASE lower(p) WHEN 'true' THEN true WHEN 'false' THEN false WHEN '1' THEN true
        WHEN '0' THEN false ELSE p_otherwise END $$;

-- A list of texts, or one text.
CREATE FUNCTION old_service.texts(p jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE jsonb_typeof(p)
    WHEN 'array' THEN ARRAY(SELECT coalesce(e, '') FROM jsonb_array_elements_text(p)
                            WITH ORDINALITY AS l(e, n) ORDER BY n)
    WHEN 'string' THEN ARRAY[p #>> '{}']
    ELSE '{}' END
$$;

-- A document that was stored as a text of JSON is what the text says.
CREATE FUNCTION old_service.document(p jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF jsonb_typeof(p) = 'null' THEN
    RETURN NULL;
  END IF;
  IF jsonb_typeof(p) = 'string' THEN
    BEGIN
      RETURN nullif((p #>> '{}')::jsonb, 'null');
    EXCEPTION WHEN data_exception THEN
      RETURN p;
    END;
  END IF;
  RETURN p;
END
$$;

-- A Fernet token is ASCII: as it is, as bytea shows it, or as Python prints its bytes.
CREATE FUNCTION old_service.token(p text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p ~ '^\\x([0-9a-fA-F]{2})+$' THEN encode(decode(substr(p, 3), 'hex'), 'escape')
    WHEN p ~ '^b''[A-Za-z0-9_=-]+''$' THEN substr(p, 3, length(p) - 3)
    ELSE btrim(p, E' \r\n\t') END
$$;

CREATE FUNCTION old_service.reasons(VARIADIC p text[]) RETURNS text[] LANGUAGE sql IMMUTABLE
  AS $$ SELECT array_remove(p, NULL) $$;

CREATE PROCEDURE old_service.note(p_table text) LANGUAGE plpgsql AS $note$
DECLARE
  bare text;
BEGIN
  IF to_regclass('old_service.' || p_table) IS NULL THEN
    RETURN;
  END IF;
  EXECUTE format($counts$
    WITH seen AS (SELECT why_left, why_changed FROM old_service.now_%1$s)
    INSERT INTO old_service.take_over_notes (table_name, outcome, reason, rows)
    SELECT %1$L, 'rows', '', count(*) FROM seen
    UNION ALL SELECT %1$L, 'taken', '', count(*) FROM seen WHERE why_left IS NULL
    UNION ALL SELECT %1$L, 'changed', '', count(*) FROM seen
      WHERE why_left IS NULL AND cardinality(why_changed) > 0
    UNION ALL SELECT %1$L, 'left', '', count(*) FROM seen WHERE why_left IS NOT NULL
    UNION ALL SELECT %1$L, 'changed', why, count(*) FROM seen, unnest(why_changed) AS why
      WHERE why_left IS NULL GROUP BY why
    UNION ALL SELECT %1$L, 'left', why_left, count(*) FROM seen
      WHERE why_left IS NOT NULL GROUP BY why_left $counts$, p_table);
  SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) INTO bare FROM pg_attribute a
    WHERE a.attrelid = ('old_service.' || p_table)::regclass
      AND a.atttypid = 'timestamp'::regtype AND a.attnum > 0 AND NOT a.attisdropped;
  IF bare IS NOT NULL THEN
    INSERT INTO old_service.take_over_notes VALUES (p_table, 'remark',
      format('times without a zone were read as UTC: %s', bare), 0);
  END IF;
END
$note$;
