// T5 of the attacks, the functions: each that the application may call, found in the catalogue, is
// called by somebody who is not the victim, with arguments that name the victim's rows.
#include <gmock/gmock.h>

#include <set>

#include "store/postgres/two_tenants_under_test.h"

namespace pilot::store::postgres {
namespace {

using testing::IsEmpty;

struct Callable {
  std::string name;
  bool definer = false;
  std::string call;
};

// What names others, by its nature: routing, look-ups before the user is known, the operator's.
const std::set<std::string> kTellsOfOthers = {
    "claim_runs", "owned_runs",     "due_schedules",     "cancel_requests",       "find_users",
    "list_users", "find_session",   "find_key",          "sealed_page",           "key_usage",
    "list_nodes", "list_all_audit", "oauth_state_owner", "users_with_idle_grants"};
// What changes rows of others, by its nature.
const std::set<std::string> kChangesOthers = {
    "claim_runs",  "release_dead_runs", "reseal",      "renew_lease",
    "forget_node", "drop_partitions",   "update_user", "remove_user",
    "create_user", "append_audit",      "purge_audit", "purge_idempotency"};

// Arguments are the victim's, by their names: p_sha256 is the sha256 of the victim's rows.
constexpr char kCalls[] = R"(
SELECT string_agg(format(E'%s\t%s\tSELECT * FROM public.%I(%s)', f.proname, f.prosecdef, f.proname,
  (SELECT string_agg(CASE
     WHEN a.type = 'text'::regtype AND a.name IN ('p_user', 'p_user_id')
       THEN quote_literal('tenant-victim')
     WHEN a.type = 'text'::regtype AND a.name = 'p_owner'
       THEN quote_literal('tenant-victim-old owner_id')
     WHEN a.type = 'text'::regtype AND a.name = 'p_before' THEN quote_literal('zz')
     WHEN a.type = 'text'::regtype AND a.name = 'p_after' THEN quote_literal('')
     WHEN a.type = 'text'::regtype THEN quote_literal('tenant-victim-old ' || substr(a.name, 3))
     WHEN a.type = 'text[]'::regtype
       THEN quote_literal(ARRAY['tenant-victim-old ' || substr(a.name, 3)])
     WHEN a.type = 'timestamptz'::regtype THEN '(now() + interval ''3 days'')'
     WHEN a.type = 'interval'::regtype THEN '(interval ''1 day'')'
     WHEN a.type = 'boolean'::regtype THEN 'true'
     WHEN a.type IN ('json'::regtype, 'jsonb'::regtype) AND a.name IN ('p_rows', 'p_instants')
       THEN quote_literal('[{"user_id": "tenant-victim", "id": "tenant-victim-old id"}]')
     WHEN a.type IN ('json'::regtype, 'jsonb'::regtype)
       THEN quote_literal('{"user_id": "tenant-victim", "id": "tenant-victim-old id"}')
     ELSE '3' END || '::' || format_type(a.type, NULL), ', ' ORDER BY a.place)
   FROM (SELECT t.type, t.place, f.proargnames[t.place] AS name
         FROM unnest(f.proargtypes) WITH ORDINALITY AS t(type, place)) AS a)), E'\n')
FROM pg_proc f WHERE f.pronamespace = 'public'::regnamespace AND f.prokind = 'f'
  AND f.prorettype <> 'trigger'::regtype AND has_function_privilege('pilot_app', f.oid, 'EXECUTE')
)";

class RowSecurityFunctions : public testing::Test {
 protected:
  std::vector<Callable> callables() {
    std::istringstream lines(ask(tenants_.superuser(), kCalls));
    std::vector<Callable> found;
    for (std::string name; std::getline(lines, name, '\t');) {
      std::string definer;
      std::string call;
      std::getline(lines, definer, '\t');
      std::getline(lines, call, '\n');
      found.push_back({name, definer == "t", call});
    }
    return found;
  }
  TwoTenants tenants_;
  RawSession attacker_{tenants_.url()};
};

TEST_F(RowSecurityFunctions, TellNothingOfOthersThatTheyNeedNotTell) {
  std::set<std::string> told;
  int quiet = 0;
  for (const Callable& one : callables()) {
    for (const std::string& setting : {kAttacker, std::string(), std::string("TENANT-VICTIM")}) {
      const Said said = attacker_.try_as(&setting, one.call);
      if (one.definer && kTellsOfOthers.contains(one.name)) {
        if (said.names(kVictim)) told.insert(one.name);
        continue;
      }
      EXPECT_FALSE(said.names(kVictim)) << one.call << " as '" << setting << "':\n" << said.text;
      ++quiet;
    }
  }
  EXPECT_GE(quiet, 60);
  // The arguments do hit the victim's rows.
  for (const char* name : {"find_users", "find_key", "find_session", "list_users"}) {
    EXPECT_TRUE(told.contains(name)) << name;
  }
}

TEST_F(RowSecurityFunctions, ChangeNothingOfOthersThatTheyNeedNotChange) {
  const auto before = tenants_.state_of_victim();
  std::set<std::string> worked;
  for (const Callable& one : callables()) {
    if (one.definer && kChangesOthers.contains(one.name)) continue;
    for (const std::string& setting : {kAttacker, std::string()}) {
      static_cast<void>(attacker_.begin_as(&setting));
      if (attacker_.say(one.call).worked()) worked.insert(one.name);
      static_cast<void>(attacker_.say("COMMIT"));
      ASSERT_EQ(tenants_.state_of_victim(), before) << one.call << " as '" << setting << "'";
    }
  }
  for (const char* name : {"revoke_key", "touch_key", "remove_session", "touch_session"}) {
    EXPECT_TRUE(worked.contains(name)) << name;
  }
}

// As the victim itself they do work: the arguments are right.
TEST_F(RowSecurityFunctions, WorkForTheTenantItself) {
  for (const Callable& one : callables()) {
    if (one.name != "list_keys" && one.name != "revoke_key") continue;
    const Said said = attacker_.try_as(&kVictim, one.call);
    EXPECT_TRUE(said.worked() && (said.names(kVictim) || said.text == "t\n")) << one.call;
  }
}

// Tables, views and functions of the session's own, under the names that the functions use.
TEST_F(RowSecurityFunctions, DoNotFallForTemporaryThingsOfTheSameName) {
  Said made = attacker_.say(
      "CREATE FUNCTION pg_temp.seen() RETURNS trigger LANGUAGE plpgsql AS"
      " $$ BEGIN RAISE NOTICE 'fell for it as %', current_user; RETURN new; END $$;"
      "CREATE FUNCTION pg_temp.current_user_id() RETURNS text LANGUAGE plpgsql AS"
      " $$ BEGIN RAISE NOTICE 'fell for it as %', current_user; RETURN 'tenant-victim'; END $$;"
      "CREATE FUNCTION pg_temp.may_call(u text) RETURNS boolean LANGUAGE plpgsql AS"
      " $$ BEGIN RAISE NOTICE 'fell for it as %', current_user; RETURN true; END $$;");
  ASSERT_TRUE(made.worked()) << made.text;
  for (const std::string& table : tenants_.tables()) {
    made = attacker_.say(fmt::format(
        "CREATE TEMP TABLE {0} (LIKE public.{0} INCLUDING DEFAULTS);"
        "CREATE TRIGGER seen BEFORE INSERT OR UPDATE OR DELETE ON pg_temp.{0} FOR EACH STATEMENT"
        " EXECUTE FUNCTION pg_temp.seen()",
        table));
    // Only what can be read can be copied.
    if (!made.worked()) {
      made = attacker_.say(fmt::format("CREATE TEMP TABLE {0} (user_id text, id text)", table));
    }
    ASSERT_TRUE(made.worked()) << made.text;
  }
  int tried = 0;
  for (const char* path : {"public, pg_temp", "pg_temp, public, pg_catalog"}) {
    ASSERT_TRUE(attacker_.say(fmt::format("SET search_path = {}", path)).worked());
    for (const Callable& one : callables()) {
      if (!one.definer) continue;
      const Said said = attacker_.try_as(&kAttacker, one.call);
      EXPECT_FALSE(said.names("fell for it")) << one.call << said.text;
      if (!kTellsOfOthers.contains(one.name)) EXPECT_FALSE(said.names(kVictim)) << one.call;
      ++tried;
    }
  }
  EXPECT_GE(tried, 60);
}

}  // namespace
}  // namespace pilot::store::postgres
