// A database of the old service becomes Pilot's: what is copied, what is left, and what is refused.
#include "store/take_over.h"

#include <gmock/gmock.h>

#include "store/postgres/old_database.h"
#include "store/preview.h"

namespace pilot::store::postgres {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// Tokens of the test are opened by nobody but it: they say so.
constexpr char kOpen[] = "token-that-opens-";
constexpr char kClosed[] = "token-of-another-key";

class TakeOver : public testing::Test {
 protected:
  Result<TakeOverReport> take_over() {
    TakeOverOptions options;
    options.provider_name = [](const std::string& was) {
      return was == "chatgpt" ? "openai" : was;
    };
    options.can_open = [](std::string_view token) { return token.starts_with(kOpen); };
    return take_over_postgres(old_.url(), options, log_);
  }
  TakeOverReport taken() {
    const auto report = take_over();
    if (!report) throw std::runtime_error(report.error().message);
    return *report;
  }
  void expect_refused(const std::string& code, const std::string& words) {
    const std::string before = old_.everything();
    const auto report = take_over();
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, code);
    EXPECT_THAT(report.error().message, HasSubstr(words));
    EXPECT_EQ(old_.everything(), before);
  }
  std::string ask(const std::string& sql) { return old_.ask(sql); }
  // As the application would, for one user.
  std::string ask_as(const std::string& user, const std::string& sql) {
    old_.sql("BEGIN; SET LOCAL ROLE pilot_app");
    old_.ask("SELECT set_config('pilot.user_id', $1, true)", {user});
    const std::string answer = old_.ask(sql);
    old_.sql("COMMIT");
    return answer;
  }
  static const TakenTable& table(const TakeOverReport& report, const std::string& name) {
    for (const TakenTable& one : report.tables) {
      if (one.name == name) return one;
    }
    throw std::runtime_error("no table " + name);
  }
  static std::vector<std::int64_t> counts(const TakenTable& table) {
    return {table.rows, table.taken, table.changed, table.left};
  }
  static std::string notes(const TakenTable& table) {
    std::string all;
    for (const TakeOverNote& note : table.notes) {
      all += fmt::format("{} {} {}\n", note.outcome, note.rows, note.reason);
    }
    return all;
  }

  OldDatabase old_;
  Log log_{LogLevel::off};
};

TEST_F(TakeOver, PlansAreTheirUsersWithTheirExactDocuments) {
  const std::string document =
      ask("SELECT plan_json::text FROM execution_plans WHERE name = 'With step outputs'");
  const TakeOverReport report = taken();
  EXPECT_FALSE(report.already);
  EXPECT_THAT(counts(table(report, "execution_plans")), ElementsAre(12, 12, 7, 0));
  EXPECT_EQ(ask_as("ada", "SELECT string_agg(name, ', ' ORDER BY name) FROM execution_plans"),
            "Bare list, Condition and loop, Every Monday, Weekdays in Berlin, With step outputs");
  EXPECT_EQ(ask_as("nobody", "SELECT count(*) FROM execution_plans"), "0");
  EXPECT_EQ(ask_as("ada",
                   "SELECT plan_json FROM plan_versions v WHERE plan_id = "
                   "'11111111-0000-4000-8000-000000000002' AND version = 1"),
            document);
  EXPECT_EQ(ask_as("ada",
                   "SELECT concat_ws('|', id, status, version, created_at, updated_at,"
                   " original_prompt, plain_english_steps, required_providers, \"trigger\")"
                   " FROM execution_plans WHERE name = 'Bare list'"),
            "11111111-0000-4000-8000-000000000001|active|1|2023-03-01 08:00:00+00|"
            "2023-03-02 09:30:00.123456+00|Greet the world|{\"Say hello\"}|{logic}");
  EXPECT_EQ(ask_as("3fa85f64-5717-4562-b3fc-2c963f66afa6",
                   "SELECT concat_ws('|', name, status, plan_json -> 'steps' -> 0 ->> 'provider',"
                   " \"trigger\" IS NULL) FROM execution_plans"),
            "From a text|draft|logic|t");
  EXPECT_THAT(notes(table(report, "execution_plans")), HasSubstr("1 status paused became draft"));
  EXPECT_EQ(ask("SELECT count(*) FROM plan_versions"), "12");
}

TEST_F(TakeOver, CronTriggersSayWhatTheyMean) {
  taken();
  const auto trigger = [&](const std::string& id) {
    return ask("SELECT \"trigger\" FROM execution_plans WHERE id = '" + id + "'");
  };
  EXPECT_EQ(trigger("cron-mondays"),
            R"({"dst": "literal", "type": "schedule", "dialect": "apscheduler", )"
            R"("cron_expression": "0 9 * * 0"})");
  EXPECT_EQ(trigger("cron-weekdays"),
            R"({"dst": "literal", "type": "schedule", "dialect": "apscheduler", )"
            R"("timezone": "Europe/Berlin", "cron_expression": "30 7 * * 0-4"})");
  EXPECT_THAT(trigger("cron-both-days"), HasSubstr("apscheduler")) << "it stood in plan_json";
  EXPECT_THAT(trigger("cron-draft"), HasSubstr("apscheduler")) << "for when it becomes active";
  EXPECT_THAT(trigger("cron-off"), HasSubstr(R"("enabled": false)"));
  EXPECT_THAT(trigger("hooked"), HasSubstr(R"({"webhook_path": "orders"})"));
  EXPECT_EQ(ask("SELECT count(*) FROM schedules"), "0") << "the program makes them";
}

TEST_F(TakeOver, CredentialsStayAsTheyAreAndTheNewestIsTaken) {
  const std::string token = std::string(kOpen) + "1";
  old_.credential("ada", "slack", "access_token", token);
  old_.credential("ben", "slack", "access_token", kClosed);
  old_.credential("ada", "openai", "api_key", "token-that-opens-old", "2023-01-01");
  old_.credential("ada", "chatgpt", "api_key", "token-that-opens-new", "2023-02-01");
  old_.credential("ben", "chatgpt", "api_key", "b'token-that-opens-ben'");
  old_.credential("ben", "groq", "api_key", "");
  old_.integration_credential("ada", kOpen);
  old_.integration_credential("ben", kOpen);
  const TakeOverReport report = taken();
  EXPECT_THAT(counts(table(report, "provider_credentials")), ElementsAre(6, 4, 2, 2));
  EXPECT_THAT(notes(table(report, "provider_credentials")),
              testing::AllOf(HasSubstr("changed 2 provider chatgpt is called openai"),
                             HasSubstr("left 1 a newer one for the same user"),
                             HasSubstr("left 1 it has no value")));
  EXPECT_EQ(ask_as("ada",
                   "SELECT string_agg(concat_ws('|', provider, connection, type, encrypted_value,"
                   " created_at, updated_at), ' ' ORDER BY provider) FROM provider_credentials"),
            "openai|default|api_key|token-that-opens-new|2022-12-31 00:00:00+00|"
            "2023-02-01 00:00:00+00 slack|default|access_token|" +
                token + "|2022-12-31 00:00:00+00|2023-01-01 00:00:00+00");
  EXPECT_EQ(
      ask_as("ben", "SELECT encrypted_value FROM provider_credentials WHERE provider = 'openai'"),
      "token-that-opens-ben");
  ASSERT_TRUE(report.keys_tried);
  ASSERT_EQ(report.unreadable.size(), 1u);
  EXPECT_EQ(report.unreadable[0].user + report.unreadable[0].provider + report.unreadable[0].type,
            "benslackaccess_token");
  EXPECT_THAT(notes(table(report, "custom_integration_credentials")),
              HasSubstr("left 1 its integration belongs to another user"));
  EXPECT_EQ(ask("SELECT any_encrypted_rows()"), "t");
}

TEST_F(TakeOver, TheKeyRingLooksAfterAllOfThem) {
  old_.credential("ada", "slack", "access_token", kOpen);
  old_.credential("ben", "slack", "access_token", kOpen);
  old_.integration_credential("ada", kOpen);
  taken();
  Shard shard;
  auto store = open_postgres({.url = old_.url()}, log_);
  ASSERT_TRUE(store) << store.error().message;
  CredentialKey after;
  for (int walked = 0; walked < 3; ++walked) {
    const auto page = shard.wait((*store)->sealed_page(after, 1));
    ASSERT_TRUE(page && page->size() == 1) << walked;
    const SealedCredential& row = page->front();
    EXPECT_EQ(row.key_id, "") << "to be found by trying";
    after = {row.user, row.provider, row.connection, row.type};
    const auto changed = shard.wait((*store)->reseal(
        {{.row = after, .old_value = kOpen, .new_value = "anew", .new_key_id = "k"}}));
    ASSERT_TRUE(changed);
    EXPECT_EQ(*changed, 1);
  }
  EXPECT_TRUE(shard.wait((*store)->sealed_page(after, 1))->empty());
  const auto uses = shard.wait((*store)->key_usage());
  ASSERT_TRUE(uses && uses->size() == 1);
  EXPECT_EQ(uses->front().key_id, "k");
  EXPECT_EQ(uses->front().rows, 3);
  EXPECT_EQ(ask("SELECT encrypted_value FROM custom_integration_credentials"), "anew");
}

TEST_F(TakeOver, WithoutAKeyNothingIsCalledUnreadable) {
  old_.credential("ada", "slack", "access_token", kClosed);
  const auto report = take_over_postgres(old_.url(), {}, log_);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_FALSE(report->keys_tried);
  EXPECT_THAT(report->unreadable, IsEmpty());
}

TEST_F(TakeOver, LogsKeepTheirOrderTheirColumnsAndTheirMonths) {
  const TakeOverReport report = taken();
  EXPECT_THAT(counts(table(report, "execution_logs")), ElementsAre(7, 6, 4, 1));
  EXPECT_THAT(notes(table(report, "execution_logs")),
              testing::AllOf(HasSubstr("changed 1 status failed became error"),
                             HasSubstr("changed 1 status in_progress became unknown"),
                             HasSubstr("changed 1 it had no user_id and has its plan's"),
                             HasSubstr("left 1 it belongs to nobody"),
                             HasSubstr("times without a zone were read as UTC: timestamp")));
  const std::string columns =
      "SELECT string_agg(concat_ws('|', plan_id, plan_name, step_number, provider, action, status,"
      " message, latency_ms, left(output_preview, 8), error, \"timestamp\"), E'\\n'"
      " ORDER BY run_id DESC, seq DESC) FROM execution_logs";
  EXPECT_EQ(ask_as("ada", columns),
            "|Gone since|1|openai|chat|success|ok|900|long lon|2024-02-29 12:00:00+00\n"
            "cron-mondays|Every Monday|1|logic|set|retrying||0|later|"
            "2023-07-31 23:59:59.999999+00\n"
            "cron-mondays|Every Monday|2|slack|post_message|error|no|250|channel_not_found|"
            "2023-06-05 09:00:00.0009+00\n"
            "cron-mondays|Every Monday|1|logic|set|success|ok|13|{\"x\": 1}|"
            "2023-06-05 09:00:00.0001+00");
  EXPECT_EQ(ask_as("ada",
                   "SELECT concat_ws('|', length(output_preview), length(output #>> '{}'),"
                   " metadata ->> 'old_id') FROM execution_logs WHERE provider = 'openai'"),
            "500|1000|4");
  EXPECT_EQ(ask_as("ben", "SELECT count(*) FROM execution_logs"), "2");
  EXPECT_EQ(ask("SELECT string_agg(DISTINCT tableoid::regclass::text, ' ') FROM execution_logs"),
            "execution_logs_2023_06 execution_logs_2023_07 execution_logs_2024_02 "
            "execution_logs_2024_03");
  EXPECT_EQ(ask("SELECT count(*) FROM execution_logs WHERE run_id !~ "
                "'^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'"),
            "0");
}

TEST_F(TakeOver, TheSameRowsMakeTheSameRuns) {
  taken();
  const std::string ids = "SELECT string_agg(run_id, ' ' ORDER BY run_id) FROM execution_logs";
  OldDatabase again;
  ASSERT_TRUE(take_over_postgres(again.url(), {}, log_));
  EXPECT_EQ(ask(ids), again.ask(ids));
}

TEST_F(TakeOver, TheStoreGivesThemAsItGivesItsOwn) {
  taken();
  Shard shard;
  auto store = open_postgres({.url = old_.url()}, log_);
  ASSERT_TRUE(store) << store.error().message;
  const auto plans = shard.wait((*store)->list_plans({"ada"}, "", {}));
  ASSERT_TRUE(plans) << plans.error().message;
  EXPECT_EQ(plans->items.size(), 5u);
  for (const StoredPlan& plan : plans->items) {
    EXPECT_EQ(plan.user.text, "ada");
    EXPECT_FALSE(plan.document.is_null()) << plan.name;
  }
  EXPECT_FALSE(shard.wait((*store)->find_plan({"ben"}, plans->items[0].id)));
  const auto logs = shard.wait((*store)->list_attempts({"ada"}, {}, {}));
  ASSERT_TRUE(logs) << logs.error().message;
  ASSERT_EQ(logs->items.size(), 4u);
  EXPECT_EQ(logs->items[0].plan_name, "Gone since");
  EXPECT_EQ(output_preview(*logs->items[0].output).size(), 500u);
  EXPECT_EQ(logs->items[2].status, AttemptStatus::error);
  EXPECT_EQ(to_json(logs->items[2].error),
            R"({"code":"","message":"channel_not_found","retryable":false})");
  EXPECT_EQ(to_rfc3339(logs->items[3].started_at), "2023-06-05T09:00:00.0001Z");
}

TEST_F(TakeOver, CustomIntegrationsGetTheirUser) {
  const TakeOverReport report = taken();
  EXPECT_THAT(counts(table(report, "custom_integrations")), ElementsAre(3, 3, 2, 0));
  EXPECT_THAT(counts(table(report, "custom_integration_actions")), ElementsAre(3, 3, 0, 0));
  EXPECT_EQ(ask_as("ada", "SELECT string_agg(name, ' ' ORDER BY name) FROM custom_integrations"),
            "warehouse warehouse_aaaaaaaa-0000-4000-8000-000000000002");
  EXPECT_EQ(ask_as("ada",
                   "SELECT concat_ws('|', a.action_id, http_method, endpoint, parameters -> 0 ->>"
                   " 'name', a.extra -> 'headers' ->> 'X-Version', i.auth_header, i.auth_prefix)"
                   " FROM custom_integrations i JOIN custom_integration_actions a"
                   " ON a.user_id = i.user_id AND a.integration_id = i.id"
                   " WHERE a.action_id = 'list_stock'"),
            "list_stock|GET|/stock|sku|1|X-Api-Key|");
  EXPECT_EQ(ask_as("ben", "SELECT string_agg(action_id, ' ') FROM custom_integration_actions"),
            "find");
}

TEST_F(TakeOver, EveryNewTableIsLocked) {
  taken();
  EXPECT_EQ(ask("SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace ="
                " 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'pilot_schema'"
                " AND NOT (relrowsecurity AND relforcerowsecurity)"),
            "");
  EXPECT_EQ(ask("SELECT count(*) FROM pg_class WHERE relname IN ('custom_integrations',"
                " 'custom_integration_actions', 'custom_integration_credentials')"
                " AND relnamespace = 'public'::regnamespace AND relrowsecurity"),
            "3");
  for (const char* role : {"pilot_app", "pilot_system", "pilot_owner"}) {
    EXPECT_EQ(old_.ask("SELECT has_schema_privilege($1, 'old_service', 'USAGE')", {role}), "f");
  }
  EXPECT_EQ(ask_as("ada", "SELECT current_user_id()"), "ada") << "the old one is out of the way";
}

TEST_F(TakeOver, TwiceChangesNothing) {
  const TakeOverReport first = taken();
  const std::string before = old_.everything();
  const TakeOverReport second = taken();
  EXPECT_TRUE(second.already);
  EXPECT_EQ(second.at, first.at);
  EXPECT_EQ(counts(table(second, "execution_logs")), counts(table(first, "execution_logs")));
  EXPECT_EQ(old_.everything(), before);
  Database pilots;
  const auto fresh = take_over_postgres(pilots.url(), {}, log_);
  ASSERT_TRUE(fresh) << fresh.error().message;
  EXPECT_TRUE(fresh->already);
  EXPECT_FALSE(fresh->at);
}

TEST_F(TakeOver, AnErrorOnTheWayLeavesEverythingAsItWas) {
  old_.sql(
      "ALTER TABLE custom_integrations ALTER created_at DROP DEFAULT,"
      " ALTER created_at TYPE text USING 'last summer'");
  expect_refused("internal", "last summer");
}

TEST_F(TakeOver, ATableThatIsInUseIsNotWaitedForForLong) {
  Session other = admin(old_.url());
  must(other.execute("BEGIN; INSERT INTO execution_logs (message) VALUES ('still running')"));
  const auto report = take_over_postgres(old_.url(), {.lock_wait = Millis{50}}, log_);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, "database_locked");
  EXPECT_THAT(report.error().message, HasSubstr("Stop it"));
}

TEST_F(TakeOver, SomeOfTheTablesAreEnough) {
  old_.sql(
      "DROP TABLE custom_integration_credentials, custom_integration_actions, custom_integrations,"
      " execution_logs, provider_credentials");
  const TakeOverReport report = taken();
  EXPECT_EQ(table(report, "execution_plans").taken, 12);
  EXPECT_FALSE(table(report, "execution_logs").there);
  EXPECT_EQ(ask("SELECT count(*) FROM execution_logs"), "0");
}

TEST_F(TakeOver, WhatIsNotTheOldServicesIsRefused) {
  const auto empty = take_over_postgres(Database(Database::Kind::empty).url(), {}, log_);
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, "not_old_service");
  old_.sql("CREATE TABLE runs (id integer)");
  expect_refused("name_taken", "runs");
  old_.sql("DROP TABLE runs; ALTER TABLE execution_logs RENAME user_id TO who");
  expect_refused("not_old_service", "no column user_id");
}

TEST_F(TakeOver, ALoginThatOwnsTheDatabaseIsEnough) {
  const std::string role = "take_over_" + ask("SELECT current_database()");
  const std::string database = ask("SELECT current_database()");
  old_.sql("CREATE ROLE " + role + " LOGIN CREATEROLE; ALTER DATABASE " + database + " OWNER TO " +
           role + "; ALTER SCHEMA public OWNER TO " + role);
  const auto rows = old_.session().rows(
      "SELECT format('ALTER TABLE %I OWNER TO ', tablename) FROM pg_tables"
      " WHERE schemaname = 'public'");
  for (const auto& row : *rows) old_.sql(*row[0] + role);
  old_.sql("ALTER FUNCTION current_user_id() OWNER TO " + role +
           "; ALTER FUNCTION update_updated_at_column() OWNER TO " + role);
  std::string url = old_.url();
  url.replace(url.find("postgres@"), 9, role + "@");
  old_.sql("UPDATE custom_integrations SET oauth_config = '{\"client_secret\": \"clear\"}'");
  TakeOverOptions options;
  options.seal = [](std::string_view) { return SealedText{"sealed", "key"}; };
  const auto report = take_over_postgres(url, options, log_);
  EXPECT_TRUE(report) << report.error().message;
  EXPECT_EQ(ask("SELECT count(*) FROM custom_integration_credentials"), "3");
  if (report) EXPECT_EQ(table(*report, "execution_plans").taken, 12) << "forced on the owner, too";
  old_.sql("REASSIGN OWNED BY " + role + " TO postgres; DROP OWNED BY " + role + "; DROP ROLE " +
           role);
}

TEST_F(TakeOver, OldTablesGoWhenAskedAndNothingThatIsBuiltOnThem) {
  EXPECT_FALSE(drop_old_tables(old_.url()));
  taken();
  EXPECT_EQ(drop_old_tables(old_.url()).error().code, "take_over_unfinished");
  ASSERT_TRUE(finish_take_over(old_.url()));
  old_.sql("CREATE VIEW public.report AS SELECT name FROM old_service.execution_plans");
  EXPECT_EQ(drop_old_tables(old_.url()).error().code, "database_in_use");
  EXPECT_EQ(ask("SELECT count(*) FROM report"), "12");
  old_.sql("DROP VIEW report");
  const auto dropped = drop_old_tables(old_.url());
  ASSERT_TRUE(dropped) << dropped.error().message;
  EXPECT_EQ(dropped->size(), 6u);
  EXPECT_EQ(ask("SELECT to_regnamespace('old_service') IS NULL"), "t");
  EXPECT_EQ(ask("SELECT count(*) FROM execution_plans"), "12");
  EXPECT_TRUE(taken().already);
}

}  // namespace
}  // namespace pilot::store::postgres
