// T5 and T6 of the attacks: what somebody gets who can run any SQL with the application's rights,
// as long as pilot.user_id is not the victim's. Every table and partition of the catalogue is tried
// in every way; then each is unlocked in turn, to see that the probe would have found it.
#include <gmock/gmock.h>

#include "store/postgres/two_tenants_under_test.h"

namespace pilot::store::postgres {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

enum class Gives {
  rows,     // must not name the victim
  changes,  // nor touch more rows than the attacker has
  nothing,  // nor touch any row
  refusal,  // must not work at all
};
struct Attack {
  Gives gives;
  const char* sql;  // {t}: the table; {v}: the victim
};

constexpr Attack kAttacks[] = {
    {Gives::rows, "SELECT * FROM {t}"},
    {Gives::rows, "SELECT * FROM ONLY {t}"},
    {Gives::rows, "SELECT x FROM {t} x"},
    {Gives::rows, "SELECT * FROM {t} WHERE user_id = {v}"},
    {Gives::rows, "SELECT * FROM {t} WHERE user_id = {v} OR true FOR UPDATE"},
    {Gives::rows, "SELECT * FROM {t} TABLESAMPLE SYSTEM (100)"},
    {Gives::rows, "SELECT max(user_id), min(user_id) FROM {t}"},
    {Gives::rows, "COPY {t} TO STDOUT"},
    {Gives::rows, "COPY (SELECT * FROM {t}) TO STDOUT"},
    {Gives::rows, "EXPLAIN (ANALYZE, VERBOSE, SETTINGS) SELECT * FROM {t}"},
    {Gives::rows, "SET LOCAL row_security = off; SELECT * FROM {t}"},
    {Gives::rows, "SET LOCAL ROLE pilot_app; SELECT * FROM {t}"},
    {Gives::rows, "SET LOCAL ROLE pilot_app; RESET ROLE; SELECT * FROM {t}"},
    {Gives::rows, "SET LOCAL ROLE NONE; SELECT * FROM {t}"},
    {Gives::rows, "SELECT query_to_xml('SELECT * FROM {t}', true, true, '')"},
    {Gives::rows, "SELECT database_to_xml(true, true, '')"},
    {Gives::rows, "DECLARE c CURSOR FOR SELECT * FROM {t}; FETCH ALL FROM c"},
    {Gives::rows, "CREATE TEMP VIEW {t} AS SELECT * FROM public.{t}; SELECT * FROM pg_temp.{t}"},
    {Gives::rows, "CREATE TEMP TABLE {t} AS SELECT * FROM public.{t}; SELECT * FROM {t}"},
    // Functions that tell what they are shown must not be shown a row before the policy has looked.
    {Gives::rows, "SELECT * FROM {t} x WHERE pg_temp.tell(x::text)"},
    {Gives::rows, "SELECT * FROM {t} x WHERE x::text::int = 1"},
    {Gives::rows, "SELECT pg_temp.peek('{t}')"},
    {Gives::rows, "SELECT * FROM pg_stats WHERE tablename = '{t}'"},
    {Gives::rows, "SELECT * FROM pg_statistic WHERE starelid = 'public.{t}'::regclass"},
    {Gives::rows, "WITH gone AS (DELETE FROM {t} RETURNING *) SELECT * FROM gone"},
    {Gives::rows, "UPDATE {t} SET user_id = user_id RETURNING *"},
    {Gives::changes, "DELETE FROM {t}"},
    {Gives::changes, "UPDATE {t} SET user_id = user_id"},
    {Gives::changes, "MERGE INTO {t} USING (VALUES (1)) AS one ON true WHEN MATCHED THEN DELETE"},
    {Gives::nothing, "DELETE FROM {t} WHERE user_id = {v}"},
    {Gives::nothing, "UPDATE {t} SET user_id = {v}"},
    {Gives::nothing, "UPDATE {t} SET user_id = 'tenant-attacker' WHERE user_id = {v}"},
    {Gives::refusal, "TRUNCATE {t}"},
    {Gives::refusal, "DROP TABLE {t}"},
    {Gives::refusal, "ALTER TABLE {t} DISABLE ROW LEVEL SECURITY"},
    {Gives::refusal, "ALTER TABLE {t} NO FORCE ROW LEVEL SECURITY"},
    {Gives::refusal, "ALTER TABLE {t} OWNER TO CURRENT_USER"},
    {Gives::refusal, "CREATE POLICY mine ON {t} USING (true)"},
    {Gives::refusal, "DROP POLICY own_rows ON {t}"},
    {Gives::refusal, "CREATE TRIGGER mine BEFORE INSERT ON {t} EXECUTE FUNCTION count_schedule()"},
    {Gives::refusal, "CREATE INDEX ON {t} (pg_temp.tell(user_id))"},
    {Gives::refusal, "CREATE RULE mine AS ON INSERT TO {t} DO INSTEAD NOTHING"},
    {Gives::refusal, "COPY {t} FROM STDIN"},
};

constexpr char kTools[] = R"(
  CREATE FUNCTION pg_temp.tell(t text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
    $$ BEGIN RAISE NOTICE '%', t; RETURN true; END $$;
  CREATE FUNCTION pg_temp.peek(t text) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN RETURN QUERY EXECUTE format('SELECT x::text FROM public.%I x', t); END $$;
)";

std::string filled(std::string sql, const std::string& table) {
  const auto put = [&sql](std::string_view mark, const std::string& what) {
    for (auto at = sql.find(mark); at != std::string::npos; at = sql.find(mark, at + what.size())) {
      sql.replace(at, mark.size(), what);
    }
  };
  put("{t}", table);
  put("{v}", "'" + kVictim + "'");
  return sql;
}

class RowSecurityAttack : public testing::Test {
 protected:
  RowSecurityAttack() {
    const Said tools = attacker_.say(kTools);
    EXPECT_TRUE(tools.worked()) << tools.text;
  }
  // What of `attacks` gave more than it should, with that setting.
  std::vector<std::string> leaks(const std::string& table, const std::string* setting,
                                 std::span<const Attack> attacks = kAttacks) {
    const bool own = setting != nullptr && *setting == kAttacker && !tenants_.is_partition(table);
    const long most = own ? tenants_.rows(table, kAttacker) : 0;
    std::vector<std::string> found;
    for (const Attack& attack : attacks) {
      const std::string sql = filled(attack.sql, table);
      const Said said = attacker_.try_as(setting, sql);
      const bool leak = said.names(kVictim) ||
                        (attack.gives == Gives::changes && said.affected > most) ||
                        (attack.gives == Gives::nothing && said.affected > 0) ||
                        (attack.gives == Gives::refusal && said.worked());
      if (leak)
        found.push_back(sql + " as " + (setting == nullptr ? "nobody" : setting->substr(0, 40)));
    }
    return found;
  }
  // A row of somebody else's, written by the attacker.
  bool plants(const std::string& table, const std::string& more = {}) {
    const std::string sql = tenants_.insert_into(table, kVictim + "-2", kVictim + "-planted");
    return attacker_.try_as(&kAttacker, sql + more).worked();
  }

  TwoTenants tenants_;
  RawSession attacker_{tenants_.url()};
};

// The attacker's own name first: there the rows are.
const std::string kSettings[] = {kAttacker,
                                 "",
                                 " ",
                                 kVictim + " ",
                                 "TENANT-VICTIM",
                                 "tenant-victi\xCF\x84",
                                 "tenant-%",
                                 "%",
                                 "*",
                                 "null",
                                 "' OR '1'='1",
                                 "tenant-victim'; --",
                                 "{tenant-victim,tenant-attacker}",
                                 "pilot_system",
                                 std::string(100'000, 'x')};

TEST_F(RowSecurityAttack, NobodyButTheTenantGetsAtARow) {
  const auto before = tenants_.state_of_victim();
  for (const std::string& table : tenants_.tables_and_partitions()) {
    EXPECT_THAT(leaks(table, nullptr), IsEmpty());
    for (const std::string& setting : kSettings) EXPECT_THAT(leaks(table, &setting), IsEmpty());
    EXPECT_FALSE(plants(table)) << table;
    EXPECT_FALSE(plants(table, " ON CONFLICT DO NOTHING")) << table;
  }
  EXPECT_EQ(tenants_.state_of_victim(), before);
}

TEST_F(RowSecurityAttack, TheTenantGetsAtItsOwnRows) {
  int seen = 0;
  for (const std::string& table : tenants_.tables()) {
    const Said own = attacker_.try_as(&kAttacker, "SELECT * FROM " + table);
    if (!own.worked()) continue;  // a directory table
    ++seen;
    EXPECT_TRUE(own.names(kAttacker)) << table;
    EXPECT_EQ(own.rows, tenants_.rows(table, kAttacker)) << table;
    EXPECT_TRUE(attacker_.try_as(&kVictim, "SELECT * FROM " + table).names(kVictim)) << table;
  }
  EXPECT_GE(seen, 10);
}

// Each table in turn without its lock: what must be found, is.
TEST_F(RowSecurityAttack, TheProbeFindsATableWithoutItsPolicy) {
  constexpr Attack kReading[] = {kAttacks[0], kAttacks[3]};
  constexpr Attack kWriting[] = {{Gives::changes, "DELETE FROM {t}"}};
  for (const std::string& table : tenants_.tables_and_partitions()) {
    if (tenants_.rows(table, kVictim) == 0) continue;  // a month to come
    const bool named =
        !ask(tenants_.superuser(),
             "SELECT 1 FROM pg_attribute WHERE attrelid = $1::regclass AND attname = 'user_id'",
             {table})
             .empty();
    if (!tenants_.is_partition(table)) {
      must(tenants_.superuser().execute(
          "DROP POLICY IF EXISTS own_rows ON " + table + "; CREATE POLICY own_rows ON " + table +
          " USING (true); GRANT SELECT, DELETE, INSERT ON " + table + " TO pilot_app"));
      EXPECT_EQ(leaks(table, &kAttacker, kReading).size(), named ? 2u : 1u) << table;
      EXPECT_EQ(leaks(table, &kAttacker, kWriting).size(), 1u) << table;
      EXPECT_TRUE(plants(table)) << table;
    }
    must(tenants_.superuser().execute("ALTER TABLE " + table + " DISABLE ROW LEVEL SECURITY;" +
                                      "GRANT ALL ON " + table + " TO pilot_app"));
    const std::string nobody;
    EXPECT_EQ(leaks(table, &nobody, kReading).size(), named ? 2u : 1u) << table;
    EXPECT_EQ(leaks(table, nullptr, kWriting).size(), 1u) << table;
    EXPECT_GE(leaks(table, &kAttacker).size(), named ? 25u : 20u) << table;
  }
}

// What must fail whatever table there is.
constexpr const char* kEscapes[] = {
    "SET ROLE pilot_owner",
    "SET ROLE pilot_system",
    "SET ROLE postgres",
    "SELECT set_config('role', 'pilot_system', true)",
    "SET SESSION AUTHORIZATION postgres",
    "SET LOCAL session_replication_role = replica",
    "CREATE ROLE mine",
    "GRANT pilot_system TO CURRENT_USER",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "ALTER ROLE CURRENT_USER SET pilot.user_id = 'tenant-victim'",
    "ALTER DATABASE postgres SET row_security = off",
    "ALTER SYSTEM SET row_security = off",
    "CREATE SCHEMA mine",
    "CREATE TABLE public.mine (id text)",
    "CREATE FUNCTION public.mine() RETURNS text LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION public.current_user_id() RETURNS text LANGUAGE sql AS 'SELECT 1'",
    "ALTER FUNCTION current_user_id() OWNER TO CURRENT_USER",
    "DROP FUNCTION current_user_id()",
    "CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION postgres_fdw",
    "CREATE PUBLICATION mine FOR ALL TABLES",
    "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION count_schedule()",
    "CALL guard_tenant_table('runs')",
    "CALL guard_directory_table('users')",
    "SELECT has_open_runs('', 'z')",
    "SELECT delete_finished_runs('', 'z')",
    "INSERT INTO pilot_schema (version, name) VALUES (99, 'mine')",
    "SELECT * FROM pg_authid",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT lo_import('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/pilot-test-copy'",
};

TEST_F(RowSecurityAttack, NobodyBecomesMoreThanTheApplication) {
  for (const char* sql : kEscapes) {
    EXPECT_FALSE(attacker_.try_as(&kAttacker, sql).worked()) << sql;
    const std::string as_application = std::string("SET LOCAL ROLE pilot_app; ") + sql;
    EXPECT_FALSE(attacker_.try_as(&kAttacker, as_application).worked()) << sql;
  }
}

// T6: what a transaction leaves on the connection for the next.
TEST_F(RowSecurityAttack, NothingOfATransactionIsLeftForTheNext) {
  constexpr const char* kEnds[] = {"COMMIT", "ROLLBACK", "SELECT 1/0; COMMIT",
                                   "SELECT 1/0; ROLLBACK",
                                   "SAVEPOINT s; SELECT 1/0; ROLLBACK TO s; COMMIT"};
  for (const char* end : kEnds) {
    static_cast<void>(attacker_.begin_as(&kVictim));
    EXPECT_TRUE(attacker_.say("SELECT current_user_id()").names(kVictim));
    static_cast<void>(attacker_.say(end));
    static_cast<void>(attacker_.say("ROLLBACK"));
    EXPECT_EQ(attacker_.say("SELECT current_user_id() IS NULL").text, "t\n") << end;
    EXPECT_EQ(attacker_.say("SELECT current_user").text, tenants_.login() + "\n") << end;
    for (const std::string& table : tenants_.tables()) {
      EXPECT_FALSE(attacker_.say("SELECT * FROM " + table).names("tenant-")) << table << " " << end;
    }
  }
}

// A plan that was made for one tenant does not give its rows to the next.
TEST_F(RowSecurityAttack, PreparedStatementsServeWhoeverTheTransactionIsFor) {
  for (const char* mode : {"force_generic_plan", "force_custom_plan", "auto"}) {
    ASSERT_TRUE(attacker_.say(fmt::format("SET plan_cache_mode = {}", mode)).worked());
    for (const std::string& table : tenants_.tables()) {
      if (!attacker_.try_as(&kVictim, "SELECT * FROM " + table).worked()) continue;
      static_cast<void>(attacker_.begin_as(&kVictim));
      ASSERT_TRUE(attacker_.say("PREPARE one AS SELECT * FROM " + table).worked());
      for (int i = 0; i < 7; ++i) ASSERT_TRUE(attacker_.say("EXECUTE one").names(kVictim));
      static_cast<void>(attacker_.say("COMMIT"));
      const Said own = attacker_.try_as(&kAttacker, "EXECUTE one");
      EXPECT_TRUE(own.names(kAttacker)) << table << " " << mode;
      EXPECT_FALSE(own.names(kVictim)) << table << " " << mode;
      EXPECT_FALSE(attacker_.try_as(nullptr, "EXECUTE one").names("tenant-"))
          << table << " " << mode;
      ASSERT_TRUE(attacker_.say("DEALLOCATE one").worked());
    }
  }
}

}  // namespace
}  // namespace pilot::store::postgres
