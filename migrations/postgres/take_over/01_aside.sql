-- The old service's tables out of the way, with their indexes, sequences, triggers and policies, and
-- the functions that are theirs: into the schema old_service, which nobody but the login that takes
-- over can use.
CREATE SCHEMA old_service;

DO $aside$
DECLARE
  old text;
  function regprocedure;
BEGIN
  FOREACH old IN ARRAY ARRAY['execution_plans', 'provider_credentials', 'execution_logs',
      'custom_integrations', 'custom_integration_actions', 'custom_integration_credentials'] LOOP
    CONTINUE WHEN NOT EXISTS (SELECT FROM pg_class c WHERE c.relname = old
      AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p'));
    -- Forced on their owner, too, its rows would silently be none.
    EXECUTE format('ALTER TABLE public.%I NO FORCE ROW LEVEL SECURITY', old);
    EXECUTE format('ALTER TABLE public.%I SET SCHEMA old_service', old);
  END LOOP;

  -- The policies know it by its oid and go on with it; Pilot's has the same name.
  FOR function IN SELECT p.oid::regprocedure FROM pg_proc p
      WHERE p.pronamespace = 'public'::regnamespace AND p.proname = 'current_user_id' LOOP
    EXECUTE format('ALTER ROUTINE %s SET SCHEMA old_service', function);
  END LOOP;

  -- What only triggers of these tables call (updated_at).
  FOR function IN SELECT DISTINCT p.oid::regprocedure FROM pg_proc p
      JOIN pg_trigger t ON t.tgfoid = p.oid
      JOIN pg_class c ON c.oid = t.tgrelid AND c.relnamespace = 'old_service'::regnamespace
      WHERE p.pronamespace = 'public'::regnamespace AND NOT t.tgisinternal
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
                          AND d.objid = p.oid AND d.deptype = 'e')
        AND NOT EXISTS (SELECT FROM pg_trigger o JOIN pg_class oc ON oc.oid = o.tgrelid
                        WHERE o.tgfoid = p.oid
                          AND oc.relnamespace <> 'old_service'::regnamespace) LOOP
    EXECUTE format('ALTER ROUTINE %s SET SCHEMA old_service', function);
  END LOOP;
END
$aside$;
