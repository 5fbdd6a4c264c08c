// What must hold in the catalogue of a database of Pilot, whatever tables it has: each rule is a
// query for what breaks it. A new table is a tenant's until it is named here. For tests only.
#pragma once

#include <string>
#include <vector>

#include "store/postgres/postgres_under_test.h"

namespace pilot::store::postgres {

// Every relation, and which door it has. Directory tables are looked up before the user is known.
inline constexpr char kRelations[] = R"(
WITH relation AS (
  SELECT c.oid, c.relname::text AS name, c.relkind AS kind, c.relispartition AS part,
    c.relrowsecurity AND c.relforcerowsecurity AS locked,
    CASE WHEN c.relname = 'pilot_schema' THEN 'schema'
         WHEN c.relname IN ('nodes', 'users', 'api_keys', 'sessions', 'webhooks') THEN 'directory'
         ELSE 'tenant' END AS door
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
), stored AS (SELECT * FROM relation WHERE kind IN ('r', 'p')),
first_of_index AS (
  SELECT i.*, a.attname AS first FROM pg_index i
    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
), definer AS (
  SELECT f.*, f.proname::text AS name FROM pg_proc f
  WHERE f.prosecdef AND f.pronamespace = 'public'::regnamespace
), ours AS (SELECT oid, nspname FROM pg_namespace
            WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')
)";

struct Rule {
  const char* broken;  // what is said of each name
  const char* names;   // a query for them
};

inline constexpr Rule kRules[] = {
    {"has no forced row-level security",
     "SELECT name FROM stored WHERE door <> 'schema' AND NOT locked"},
    {"has no user_id",
     "SELECT name FROM stored WHERE door = 'tenant' AND NOT EXISTS (SELECT FROM pg_attribute a"
     " WHERE a.attrelid = stored.oid AND a.attname = 'user_id' AND a.attnotnull)"},
    {"has no primary key that begins with user_id",
     "SELECT name FROM stored WHERE door = 'tenant' AND NOT EXISTS (SELECT FROM first_of_index i"
     " WHERE i.indrelid = stored.oid AND i.indisprimary AND i.first = 'user_id')"},
    {"is unique over all tenants",
     "SELECT i.indexrelid::regclass::text FROM first_of_index i JOIN stored s ON s.oid = indrelid"
     " WHERE door = 'tenant' AND (i.indisunique OR i.indisexclusion)"
     " AND i.first IS DISTINCT FROM 'user_id'"},
    {"is a foreign key that does not begin with user_id",
     "SELECT c.conname FROM pg_constraint c JOIN stored s ON s.oid = c.conrelid"
     " WHERE c.contype = 'f' AND door = 'tenant' AND (SELECT count(*) FROM pg_attribute a WHERE"
     " a.attname = 'user_id' AND ((a.attrelid = c.conrelid AND a.attnum = c.conkey[1])"
     " OR (a.attrelid = c.confrelid AND a.attnum = c.confkey[1]))) < 2"},
    {"is a policy that lets more through than a tenant's own rows",
     "SELECT s.name || '.' || p.polname FROM pg_policy p JOIN relation s ON s.oid = p.polrelid"
     " WHERE NOT coalesce(NOT part AND (p.polroles = ARRAY['pilot_system'::regrole::oid]"
     " OR (door = 'tenant' AND p.polroles = ARRAY['pilot_app'::regrole::oid] AND"
     " pg_get_expr(p.polqual, p.polrelid) = '(user_id = current_user_id())'"
     " AND pg_get_expr(p.polwithcheck, p.polrelid) = '(user_id = current_user_id())')), false)"},
    {"is a right that the application does not need",
     "SELECT name || ' ' || p FROM relation,"
     " unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) p"
     " WHERE kind <> 'S' AND CASE WHEN p IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')"
     " THEN has_any_column_privilege('pilot_app', oid, p)"
     " ELSE has_table_privilege('pilot_app', oid, p) END"
     " AND NOT (door = 'tenant' AND NOT part AND p IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))"
     " AND NOT (door = 'schema' AND p = 'SELECT')"},
    {"is a role that can do too much",
     "SELECT rolname FROM pg_roles WHERE rolname IN ('pilot_owner', 'pilot_system', 'pilot_app')"
     " AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication"
     " OR rolcanlogin)"},
    {"is a role that stands for another",
     "SELECT member::regrole || ' for ' || roleid::regrole FROM pg_auth_members"
     " WHERE member IN ('pilot_system'::regrole, 'pilot_app'::regrole)"},
    {"is owned by a role that should own nothing of the kind",
     "SELECT refobjid::regrole || ': ' || pg_describe_object(classid, objid, objsubid)"
     " FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND deptype = 'o'"
     " AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))"
     " AND (refobjid = 'pilot_app'::regrole"
     " OR (refobjid = 'pilot_system'::regrole AND classid <> 'pg_proc'::regclass))"},
    {"is where the application may create things",
     "SELECT nspname FROM ours WHERE has_schema_privilege('pilot_app', oid, 'CREATE')"
     " UNION ALL SELECT datname FROM pg_database WHERE datname = current_database()"
     " AND has_database_privilege('pilot_app', oid, 'CREATE')"},
    {"is a SECURITY DEFINER function without a fixed search_path",
     "SELECT name FROM definer WHERE NOT coalesce("
     "'search_path=pg_catalog, public, pg_temp' = ANY(proconfig), false)"},
    {"is a SECURITY DEFINER function of a role that has too many rights",
     "SELECT name FROM definer WHERE proowner <> 'pilot_system'::regrole"
     " AND NOT (proowner = 'pilot_owner'::regrole"
     " AND name IN ('make_partitions', 'drop_partitions'))"},
    {"may be called by everybody",
     "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
     " AND has_function_privilege('public', oid, 'EXECUTE') AND proname NOT IN"
     " ('current_user_id', 'schema_version', 'uuid_at', 'count_schedule')"},
    // The rest of a row is read as its tenant. Named: what is looked up before the user is known,
    // and what is the operator's (docs/security.md tells what that means).
    {"is a column that a SECURITY DEFINER function must not give back",
     "SELECT d.name || '.' || c.name FROM definer d CROSS JOIN LATERAL ("
     " SELECT a.name FROM unnest(d.proargnames, d.proargmodes) AS a(name, mode)"
     " WHERE a.mode IN ('t', 'o', 'b') UNION ALL SELECT a.attname FROM pg_type t JOIN pg_attribute"
     " a ON a.attrelid = t.typrelid WHERE t.oid = d.prorettype AND t.typrelid <> 0 AND attnum > 0"
     ") AS c WHERE has_function_privilege('pilot_app', d.oid, 'EXECUTE')"
     " AND c.name NOT IN ('user_id', 'id') AND d.name NOT IN ('find_users', 'list_users',"
     " 'find_key', 'list_keys', 'find_session', 'sealed_page', 'key_usage', 'list_nodes',"
     " 'list_all_audit', 'list_nobodys_audit')"},
    {"is a SECURITY DEFINER function that gives back text",
     "SELECT name FROM definer WHERE has_function_privilege('pilot_app', oid, 'EXECUTE')"
     " AND prorettype NOT IN ('int'::regtype, 'bigint'::regtype, 'boolean'::regtype,"
     " 'timestamptz'::regtype, 'void'::regtype, 'record'::regtype)"
     " AND (SELECT typrelid FROM pg_type t WHERE t.oid = prorettype) = 0"
     // A table of one column: the rule above has judged that column.
     " AND NOT coalesce('t' = ANY(proargmodes), false)"
     " AND name NOT IN ('create_user', 'update_user', 'drop_partitions', 'allowed_hosts')"},
    {"is neither a table nor a view with the caller's rights",
     "SELECT name FROM relation r WHERE kind NOT IN ('r', 'p') AND NOT (kind = 'v' AND coalesce("
     "(SELECT 'security_invoker=true' = ANY(reloptions) FROM pg_class c WHERE c.oid = r.oid),"
     " false))"},
    {"is a rule, which may go around policies",
     "SELECT r.rulename FROM pg_rewrite r JOIN relation s ON s.oid = r.ev_class"
     " WHERE r.rulename <> '_RETURN'"},
    {"is another schema; these rules do not look there",
     "SELECT nspname FROM ours WHERE nspname <> 'public'"},
    {"is an extension; has it functions that read tables?",
     "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'"},
    {"gets rights to what is made later",
     "SELECT pg_describe_object('pg_default_acl'::regclass, oid, 0) FROM pg_default_acl"},
};

// One line for each breach.
inline std::vector<std::string> breaches(Session& session) {
  std::vector<std::string> found;
  for (const Rule& rule : kRules) {
    const std::string names =
        ask(session, std::string(kRelations) + "SELECT string_agg(n, E'\\n' ORDER BY n) FROM (" +
                         rule.names + ") AS q(n)");
    for (std::size_t at = 0; at < names.size();) {
      const std::size_t end = std::min(names.find('\n', at), names.size());
      found.push_back(names.substr(at, end - at) + " " + rule.broken);
      at = end + 1;
    }
  }
  return found;
}

}  // namespace pilot::store::postgres
