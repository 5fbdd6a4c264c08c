// pilot migrate --from-old: the real binary takes over a database of the old service, is killed on
// the way, and does not do it twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "pilot.h"
#include "store/postgres/old_database.h"
#include "store/take_over.h"
#include "vault/key_ring.h"

namespace pilot::e2e {
namespace {

using store::postgres::Database;
using store::postgres::OldDatabase;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string kValue = "made-up-value-of-a-credential";

class TakeOverCommand : public testing::Test {
 protected:
  TakeOverCommand() {
    for (const char* user : {"ada", "ben"}) {
      old_.credential(user, "chatgpt", "api_key", seal(key_));
      tokens_.push_back(old_.ask("SELECT max(encrypted_value) FROM provider_credentials"));
    }
    old_.credential("ben", "groq", "api_key", seal(other_));
    old_.integration_credential("ada", seal(key_));
  }
  std::string seal(const vault::FernetKey& key) {
    return key.encrypt(kValue, make_system_clock()->now(), *random_);
  }
  // Other tests' children get no PILOT_ variables at all.
  Arguments command(const Arguments& more) const {
    Arguments all{"/usr/bin/env", "PILOT_ENCRYPTION_KEY=" + std::string(key_.to_text().reveal())};
    if (!url_.empty()) all.push_back("PILOT_DATABASE_URL=" + url_);
    all.insert(all.end(), {PILOT_BINARY, "--data-dir", data().string()});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Finished run(const Arguments& more) const { return Process(command(more)).wait(); }
  Finished migrate(Arguments more) const {
    more.insert(more.begin(), "migrate");
    return run(more);
  }
  Json from_old() const {
    const Finished done = migrate({"--from-old", "--json"});
    EXPECT_EQ(done.code, 0) << done.err;
    return parsed(done.out);
  }
  std::filesystem::path data() const { return dir_.path() / "data"; }
  // When APScheduler fires next: 0 is Monday, all fields must match. PostgreSQL computes it.
  std::string next_fire(const std::string& at, const std::string& zone, const std::string& days) {
    return old_.ask(
        "SELECT to_char(min(t) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM"
        " (SELECT (day::date + $1::time) AT TIME ZONE $2 AS t, extract(isodow FROM day) - 1 AS"
        " weekday, extract(day FROM day) AS day_of_month FROM generate_series(current_date - 1,"
        " current_date + 1500, interval '1 day') AS day) AS d WHERE t > now() AND " +
            days,
        {at, zone});
  }
  // Everybody else's connections to the database.
  bool alone() {
    return old_.ask(
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <>"
               " pg_backend_pid()") == "0";
  }

  TempDir dir_;
  std::unique_ptr<Random> random_ = make_system_random();
  vault::FernetKey key_ = vault::FernetKey::generate(*random_);
  vault::FernetKey other_ = vault::FernetKey::generate(*random_);
  OldDatabase old_;
  std::string url_ = old_.url();
  std::vector<std::string> tokens_;
};

TEST_F(TakeOverCommand, SchedulesFireWhenTheyDid) {
  const Json done = from_old();
  EXPECT_EQ(at(done, "already"), Json(false));
  std::map<std::string, std::string> next;
  for (const Json& made : list_at(done, "schedules/made")) {
    next[text_at(made, "plan_id")] = text_at(made, "next_fire_at");
    EXPECT_EQ(text_at(made, "dialect"), "apscheduler");
  }
  ASSERT_EQ(next.size(), 3u) << to_json(done);
  EXPECT_EQ(next["cron-mondays"], next_fire("09:00", "UTC", "weekday = 0"));
  EXPECT_EQ(next["cron-weekdays"], next_fire("07:30", "Europe/Berlin", "weekday BETWEEN 0 AND 4"));
  EXPECT_EQ(next["cron-both-days"], next_fire("12:00", "UTC", "weekday = 4 AND day_of_month = 13"));
  EXPECT_EQ(old_.ask("SELECT count(*) FROM schedules s JOIN execution_plans p ON p.user_id ="
                     " s.user_id AND p.id = s.plan_id WHERE s.dialect = 'apscheduler' AND s.dst ="
                     " 'literal' AND s.fire_at = s.next_fire_at AND p.updated_at < '2024-01-01'"),
            "3");
  std::map<std::string, std::string> without;
  for (const Json& one : list_at(done, "schedules/not_made")) {
    without[text_at(one, "plan_id")] = text_at(one, "code");
  }
  EXPECT_THAT(without,
              testing::UnorderedElementsAre(testing::Pair("cron-off", "trigger_off"),
                                            testing::Pair("cron-wrong", "invalid_cron"),
                                            testing::Pair("no-such-provider", "plan_invalid")));
  ASSERT_EQ(list_at(done, "plans/problems").size(), 1u) << "every other old form compiles";
  EXPECT_EQ(text_at(done, "plans/problems/0/pointer"), "/steps/0/provider");
  EXPECT_EQ(old_.ask("SELECT status FROM execution_plans WHERE id = 'no-such-provider'"), "active");
}

TEST_F(TakeOverCommand, CredentialsOpenWithTheOldKeyAndAreNotShown) {
  const Finished done = migrate({"--from-old"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, AllOf(HasSubstr("no key opens api_key of groq for user ben"),
                              HasSubstr("provider chatgpt is called openai"),
                              HasSubstr("at 09:00 on Monday (UTC: no zone was given)")));
  const std::string shown = done.out + done.err;
  for (const std::string& token : tokens_) EXPECT_THAT(shown, Not(HasSubstr(token)));
  EXPECT_THAT(shown, Not(HasSubstr(kValue)));
  EXPECT_THAT(shown, Not(HasSubstr(std::string(key_.to_text().reveal()))));
  const auto kept = old_.session().rows(
      "SELECT encrypted_value FROM provider_credentials WHERE provider = 'openai'"
      " UNION ALL SELECT encrypted_value FROM custom_integration_credentials");
  ASSERT_TRUE(kept);
  ASSERT_EQ(kept->size(), 3u);
  for (const auto& row : *kept) {
    const auto opened = key_.decrypt(*row[0]);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->reveal(), kValue);
  }
}

TEST_F(TakeOverCommand, EachUserFindsTheirOwn) {
  from_old();
  const auto json = [&](const Arguments& more) {
    const Finished done = run(more);
    EXPECT_EQ(done.code, 0) << done.err;
    return parsed(done.out);
  };
  const auto names = [](const Json& list, std::string_view key) {
    std::vector<std::string> all;
    for (const Json& one : list.get_array()) all.emplace_back(string_or(one, key));
    return all;
  };
  EXPECT_THAT(names(json({"plans", "list", "--json", "--user", "ada"}), "name"),
              testing::UnorderedElementsAre("Bare list", "With step outputs", "Condition and loop",
                                            "Every Monday", "Weekdays in Berlin"));
  EXPECT_THAT(names(json({"schedule", "list", "--json", "--user", "ben"}), "plan_id"),
              testing::ElementsAre("cron-both-days"));
  const std::string logs = run({"logs", "--json", "--user", "ada"}).out;
  EXPECT_EQ(std::count(logs.begin(), logs.end(), '\n'), 4) << logs;
  EXPECT_LT(logs.find("channel_not_found"), logs.find("Gone since")) << "the newest comes last";
  EXPECT_EQ(json({"plans", "list", "--json"}), Json(JsonArray{})) << "of the user local";
  const Json ran = json({"plans", "run", "cron-mondays", "--json", "--user", "ada"});
  EXPECT_EQ(text_at(ran, "status"), "success");
}

TEST_F(TakeOverCommand, TwiceChangesNothing) {
  from_old();
  const std::string before = old_.everything();
  const Json again = from_old();
  EXPECT_EQ(at(again, "already"), Json(true));
  EXPECT_EQ(list_at(again, "schedules/made").size(), 0u);
  EXPECT_EQ(list_at(again, "credentials/unreadable").size(), 1u) << "as it was found";
  EXPECT_EQ(old_.everything(), before);
  EXPECT_EQ(migrate({"--drop-old"}).code, 0);
  EXPECT_EQ(old_.ask("SELECT to_regnamespace('old_service') IS NULL"), "t");
  EXPECT_THAT(migrate({"--from-old"}).out, HasSubstr("nothing of the old service"));
  EXPECT_EQ(migrate({"--drop-old"}).code, 2);
}

TEST_F(TakeOverCommand, KilledOnTheWayNothingHasHappened) {
  const std::string before = old_.everything();
  {
    auto holder = store::postgres::admin(old_.url());
    // What makes the partitions waits for it: the old tables are out of the way by then.
    store::postgres::must(holder.execute("BEGIN; SELECT pg_advisory_xact_lock(1346980948, 2)"));
    Process killed(command({"migrate", "--from-old"}));
    EXPECT_TRUE(eventually([&] {
      return old_.ask(
                 "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                 " WHERE d.datname = current_database() AND l.locktype = 'advisory'"
                 " AND NOT l.granted AND l.objid = 2") == "1";
    }));
    killed.signal(SIGKILL);
    EXPECT_EQ(killed.wait().code, 128 + SIGKILL);
  }
  ASSERT_TRUE(eventually([&] { return alone(); }));
  EXPECT_EQ(old_.everything(), before);
  EXPECT_EQ(list_at(from_old(), "schedules/made").size(), 3u);
}

TEST_F(TakeOverCommand, KilledBeforeTheSchedulesItGoesOnThere) {
  Log log(LogLevel::off);
  ASSERT_TRUE(store::take_over_postgres(old_.url(), {}, log));
  EXPECT_EQ(migrate({"--drop-old"}).code, 2);
  const Json rest = from_old();
  EXPECT_EQ(at(rest, "already"), Json(true));
  EXPECT_EQ(list_at(rest, "schedules/made").size(), 3u);
  EXPECT_EQ(list_at(from_old(), "schedules/made").size(), 0u);
}

TEST_F(TakeOverCommand, AScheduleThatWasTakenAwaySinceStaysAway) {
  from_old();
  old_.sql(
      "UPDATE execution_plans SET \"trigger\" = '{\"type\": \"manual\"}' WHERE id ="
      " 'cron-mondays'; DELETE FROM schedules WHERE id = 'cron-mondays'");
  EXPECT_EQ(list_at(from_old(), "schedules/made").size(), 0u);
}

TEST_F(TakeOverCommand, RefusalsSayWhatToDo) {
  const Database empty(Database::Kind::empty);
  url_ = empty.url();
  const Finished wrong = migrate({"--from-old"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err,
              AllOf(HasSubstr("none of the old service's tables"), HasSubstr("pilot migrate")));
  url_.clear();
  EXPECT_THAT(migrate({"--from-old"}).err, HasSubstr("PILOT_DATABASE_URL"));
  EXPECT_EQ(migrate({"--from-old", "--drop-old"}).code, 2);
  EXPECT_EQ(migrate({"--database-url-file", (dir_.path() / "none").string()}).code, 2);
  const std::string file = dir_.write("url", old_.url() + "\n");
  std::filesystem::permissions(file, std::filesystem::perms{0600});
  EXPECT_EQ(migrate({"--database-url-file", file}).code, 2) << "a plain migrate does not do it";
  EXPECT_EQ(migrate({"--from-old", "--database-url-file", file}).code, 0);
}

}  // namespace
}  // namespace pilot::e2e
