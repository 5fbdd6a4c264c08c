// T5 of the attacks: every table and partition is locked, whoever adds it. The rules are in
// row_security_rules.h; what an attacker gets is tried out in row_security_attack_test.cc.
#include <gmock/gmock.h>

#include "store/postgres/row_security_rules.h"

namespace pilot::store::postgres {
namespace {

using testing::Contains;
using testing::IsEmpty;

class RowSecurity : public testing::Test {
 protected:
  // In a transaction that is taken back: the rules must say `wanted` of what the statements made.
  void expect_breach(const std::string& statements, const std::string& wanted) {
    must(session_.execute("BEGIN"));
    must(session_.execute(statements));
    EXPECT_THAT(breaches(session_), Contains(wanted)) << statements;
    must(session_.execute("ROLLBACK"));
  }
  Database database_;
  Session session_ = admin(database_.url());
};

TEST_F(RowSecurity, EveryTablePartitionRoleAndFunctionKeepsTheRules) {
  EXPECT_THAT(breaches(session_), IsEmpty());
  // The rules have seen something.
  EXPECT_GE(std::stoi(ask(session_, std::string(kRelations) +
                                        "SELECT count(*)::text FROM stored WHERE door = 'tenant' "
                                        "AND locked")),
            18);
}

TEST_F(RowSecurity, PartitionsMadeLaterKeepTheRulesToo) {
  must(session_.execute("SET ROLE pilot_app"));
  EXPECT_EQ(ask(session_, "SELECT make_partitions('2031-05-01', 2)::text"), "6");
  must(session_.execute("RESET ROLE"));
  EXPECT_EQ(ask(session_, "SELECT to_regclass('runs_2031_07')::text"), "runs_2031_07");
  EXPECT_THAT(breaches(session_), IsEmpty());
}

TEST_F(RowSecurity, ANewTableWithoutALockIsFound) {
  expect_breach("CREATE TABLE fresh (user_id text NOT NULL, id text, PRIMARY KEY (user_id, id))",
                "fresh has no forced row-level security");
  expect_breach(
      "CREATE TABLE fresh (user_id text NOT NULL, id text, PRIMARY KEY (user_id, id));"
      "ALTER TABLE fresh ENABLE ROW LEVEL SECURITY",
      "fresh has no forced row-level security");
  expect_breach("CREATE TABLE fresh (id text PRIMARY KEY)", "fresh has no user_id");
  expect_breach("CREATE TABLE runs_2031_05 PARTITION OF runs FOR VALUES FROM ('z') TO ('zz')",
                "runs_2031_05 has no forced row-level security");
  expect_breach("ALTER TABLE runs NO FORCE ROW LEVEL SECURITY",
                "runs has no forced row-level security");
  expect_breach("ALTER TABLE runs_rest DISABLE ROW LEVEL SECURITY",
                "runs_rest has no forced row-level security");
}

TEST_F(RowSecurity, AKeyOverAllTenantsIsFound) {
  expect_breach("CREATE TABLE fresh (id text, user_id text NOT NULL, PRIMARY KEY (id, user_id))",
                "fresh has no primary key that begins with user_id");
  expect_breach("CREATE UNIQUE INDEX by_name ON execution_plans (name)",
                "by_name is unique over all tenants");
  expect_breach("CREATE UNIQUE INDEX by_name ON execution_plans (lower(user_id), name)",
                "by_name is unique over all tenants");
  expect_breach(
      "CREATE TABLE fresh (id text PRIMARY KEY);"
      "ALTER TABLE schedules ADD CONSTRAINT points FOREIGN KEY (id) REFERENCES fresh",
      "points is a foreign key that does not begin with user_id");
}

TEST_F(RowSecurity, APolicyOrRightThatIsTooWideIsFound) {
  const std::string wide = " is a policy that lets more through than a tenant's own rows";
  expect_breach("CREATE POLICY all_rows ON runs TO pilot_app USING (true)", "runs.all_rows" + wide);
  expect_breach("CREATE POLICY everybody ON runs USING (user_id = current_user_id())",
                "runs.everybody" + wide);
  expect_breach("CREATE POLICY own_rows ON users TO pilot_app USING (id = current_user_id())",
                "users.own_rows" + wide);
  expect_breach("ALTER POLICY own_rows ON runs WITH CHECK (true)", "runs.own_rows" + wide);

  const std::string right = " is a right that the application does not need";
  expect_breach("GRANT SELECT (name) ON users TO pilot_app", "users SELECT" + right);
  expect_breach("GRANT SELECT ON runs_rest TO PUBLIC", "runs_rest SELECT" + right);
  expect_breach("GRANT TRUNCATE ON runs TO pilot_app", "runs TRUNCATE" + right);
  expect_breach("GRANT INSERT ON pilot_schema TO pilot_app", "pilot_schema INSERT" + right);
  expect_breach("GRANT pilot_system TO pilot_app",
                "pilot_app for pilot_system is a role that stands for another");
  expect_breach("GRANT CREATE ON SCHEMA public TO PUBLIC",
                "public is where the application may create things");
  expect_breach("ALTER TABLE schedule_fires OWNER TO pilot_app",
                "pilot_app: table schedule_fires is owned by a role that should own nothing of the "
                "kind");
  expect_breach("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pilot_app",
                "default privileges on new relations belonging to role postgres in schema public "
                "gets rights to what is made later");
}

TEST_F(RowSecurity, AFunctionThatOpensTheDoorIsFound) {
  const std::string open =
      "CREATE FUNCTION open() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER"
      " AS 'SELECT user_id FROM runs';";
  expect_breach(open, "open is a SECURITY DEFINER function without a fixed search_path");
  expect_breach(open + "ALTER FUNCTION open SET search_path = public",
                "open is a SECURITY DEFINER function without a fixed search_path");
  expect_breach(open, "open is a SECURITY DEFINER function of a role that has too many rights");
  expect_breach(open, "open() may be called by everybody");
  expect_breach(open, "open is a SECURITY DEFINER function that gives back text");
  expect_breach(
      "CREATE FUNCTION all_runs() RETURNS SETOF runs LANGUAGE sql SECURITY DEFINER AS"
      " 'SELECT * FROM runs'",
      "all_runs.output is a column that a SECURITY DEFINER function must not give back");
  expect_breach(
      "CREATE FUNCTION few() RETURNS TABLE (id text, name text) LANGUAGE sql SECURITY"
      " DEFINER AS 'SELECT id, plan_name FROM runs'",
      "few.name is a column that a SECURITY DEFINER function must not give back");
  expect_breach("CREATE VIEW all_runs AS SELECT * FROM runs",
                "all_runs is neither a table nor a view with the caller's rights");
  expect_breach("CREATE MATERIALIZED VIEW all_runs AS SELECT * FROM runs",
                "all_runs is neither a table nor a view with the caller's rights");
  expect_breach("CREATE RULE also AS ON INSERT TO runs DO ALSO NOTHING",
                "also is a rule, which may go around policies");
  expect_breach("CREATE SCHEMA other", "other is another schema; these rules do not look there");
}

}  // namespace
}  // namespace pilot::store::postgres
