// Time triggers: read, checked, written back; the instants of a schedule.
#include "plan/timetable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace pilot::plan {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

WallTime at(std::string_view text) { return *parse_rfc3339(text); }

std::string problems_of(std::string_view trigger) {
  Findings findings;
  const auto schedule = read_schedule(*parse_json(trigger), "/trigger", findings);
  EXPECT_EQ(schedule.has_value(), findings.empty());
  std::string out;
  for (const Problem& one : findings.list()) {
    out += (out.empty() ? "" : " ") + one.pointer + ":" + one.code;
  }
  return out;
}

Schedule read(std::string_view trigger) {
  Findings findings;
  auto schedule = read_schedule(*parse_json(trigger), "/trigger", findings);
  EXPECT_TRUE(findings.empty()) << trigger << problems_of(trigger);
  return schedule.value_or(Schedule{});
}

Timetable table(const Schedule& schedule) {
  auto made = make_timetable(schedule);
  EXPECT_TRUE(made);
  return std::move(*made);
}

TEST(Timetable, ReadsAllSettingsAndWritesThemBack) {
  const Schedule plain = read(R"({"type":"schedule","cron_expression":"0 7 * * *"})");
  EXPECT_EQ(plain.expression, "0 7 * * *");
  EXPECT_EQ(plain.timezone, "UTC");
  EXPECT_EQ(plain.dialect, "crontab");
  EXPECT_EQ(plain.misfire_grace_s, 60);
  EXPECT_TRUE(plain.coalesce);
  EXPECT_EQ(plain.max_instances, 1);
  const Json full = *parse_json(R"({"type":"schedule","cron_expression":"*/5 * * * *",
      "timezone":"Europe/Berlin","dialect":"apscheduler","dst":"literal",
      "misfire_grace_time":3600,"coalesce":false,"max_instances":3,"jitter":30,
      "start":"2027-01-01T00:00:00Z","end":"2027-12-31T23:59:59Z","inputs":{"n":1}})");
  const Schedule all = read(to_json(full));
  EXPECT_EQ(all.dialect, "apscheduler");
  EXPECT_EQ(all.dst, "literal");
  EXPECT_EQ(all.misfire_grace_s, 3600);
  EXPECT_FALSE(all.coalesce);
  EXPECT_EQ(all.max_instances, 3);
  EXPECT_EQ(all.jitter_s, 30);
  EXPECT_EQ(all.starts_at, at("2027-01-01T00:00:00Z"));
  EXPECT_EQ(all.ends_at, at("2027-12-31T23:59:59Z"));
  EXPECT_EQ(all.inputs, Json(JsonObject{{"n", 1}}));
  EXPECT_EQ(to_trigger(all), full);
  EXPECT_EQ(to_trigger(read(to_json(to_trigger(plain)))), to_trigger(plain));
}

TEST(Timetable, ReadsTheOldServicesForms) {
  EXPECT_EQ(read(R"({"type":"cron","cron_expression":"1 2 * * *"})").expression, "1 2 * * *");
  EXPECT_EQ(read(R"({"cron_expression":"1 2 * * *"})").expression, "1 2 * * *");
  EXPECT_EQ(read(R"({"type":"schedule","cron":"1 2 * * *"})").expression, "1 2 * * *");
  const Schedule old = read(R"({"type":"schedule","config":{"cron_expression":"1 2 * * *",
      "timezone":"Asia/Tokyo","webhook_path":"","webhook_secret":null,
      "start_date":"2027-01-01T00:00:00Z"}})");
  EXPECT_EQ(old.timezone, "Asia/Tokyo");
  EXPECT_EQ(old.starts_at, at("2027-01-01T00:00:00Z"));
  EXPECT_EQ(read(R"({"type":"cron","cron_expression":"1 2 * * *","timezone":""})").timezone, "UTC");
}

TEST(Timetable, KnowsATimeTriggerFromOthers) {
  const auto is = [](std::string_view text) { return is_schedule(*parse_json(text)); };
  EXPECT_TRUE(is(R"({"type":"schedule"})"));
  EXPECT_TRUE(is(R"({"type":"cron"})"));
  EXPECT_TRUE(is(R"({"cron_expression":"* * * * *"})"));
  EXPECT_FALSE(is(R"({"type":"manual","cron_expression":"* * * * *"})"));
  EXPECT_FALSE(is(R"({"type":"webhook"})"));
  EXPECT_FALSE(is("null"));
  EXPECT_FALSE(is("[]"));
}

TEST(Timetable, GraceCanBeUnlimited) {
  const std::string text =
      R"({"type":"schedule","cron_expression":"0 7 * * *","misfire_grace_time":"unlimited"})";
  EXPECT_EQ(read(text).misfire_grace_s, std::nullopt);
  EXPECT_EQ(to_trigger(read(text)).at("misfire_grace_time"), "unlimited");
  EXPECT_EQ(read(R"({"type":"schedule","cron_expression":"0 7 * * *",
      "misfire_grace_time":"5m"})")
                .misfire_grace_s,
            300);
}

TEST(Timetable, EveryProblemIsToldWithItsPlace) {
  EXPECT_EQ(problems_of(R"({"type":"schedule"})"), "/trigger/cron_expression:missing_key");
  EXPECT_EQ(problems_of(R"({"type":"schedule","cron_expression":"99 * * * *"})"),
            "/trigger/cron_expression:invalid_cron");
  EXPECT_EQ(problems_of(R"({"type":"schedule","cron_expression":"0 0 30 2 *"})"),
            "/trigger/cron_expression:never_fires");
  EXPECT_EQ(problems_of(R"({"type":"schedule","cron_expression":7,"timezone":"Europe/Berlyn",
      "dialect":"vixie","dst":"","misfire_grace_time":0,"coalesce":"yes","max_instances":0,
      "jitter":-1,"start":"tomorrow","inputs":[]})"),
            "/trigger/dialect:invalid_value /trigger/dst:invalid_value "
            "/trigger/cron_expression:wrong_type /trigger/timezone:unknown_timezone "
            "/trigger/misfire_grace_time:invalid_value /trigger/coalesce:wrong_type "
            "/trigger/max_instances:invalid_value /trigger/jitter:invalid_value "
            "/trigger/start:invalid_value /trigger/inputs:wrong_type");
  EXPECT_EQ(problems_of(R"({"type":"schedule","cron_expression":"0 7 * * *",
      "start":"2027-01-02T00:00:00Z","end":"2027-01-01T00:00:00Z"})"),
            "/trigger/end:invalid_value");
  EXPECT_EQ(problems_of(R"({"type":"schedule","cron_expression":"0 7 * * *",
      "misfire_grace_time":"1500ms"})"),
            "/trigger/misfire_grace_time:invalid_value");
}

TEST(Timetable, AnUnknownKeyIsToldWithTheNearest) {
  Findings findings;
  read_schedule(*parse_json(R"({"type":"schedule","cron_expression":"0 7 * * *",
      "time_zone":"UTC"})"),
                "/trigger", findings);
  ASSERT_EQ(findings.list().size(), 1u);
  EXPECT_EQ(findings.list()[0].pointer, "/trigger/time_zone");
  EXPECT_EQ(findings.list()[0].code, "unknown_key");
  EXPECT_THAT(findings.list()[0].message, HasSubstr("timezone"));
}

TEST(Timetable, StartAndEndAreInside) {
  Schedule schedule;
  schedule.expression = "0 7 * * *";
  schedule.starts_at = at("2027-01-02T07:00:00Z");
  schedule.ends_at = at("2027-01-04T07:00:00Z");
  const Timetable rule = table(schedule);
  std::vector<std::string> all;
  for (auto next = next_due(schedule, rule, at("2026-01-01T00:00:00Z")); next;
       next = next_due(schedule, rule, *next)) {
    all.push_back(to_rfc3339(*next));
  }
  EXPECT_THAT(all,
              ElementsAre("2027-01-02T07:00:00Z", "2027-01-03T07:00:00Z", "2027-01-04T07:00:00Z"));
  schedule.starts_at = at("2027-01-02T07:00:00.000001Z");
  EXPECT_EQ(next_due(schedule, rule, at("2026-01-01T00:00:00Z")), at("2027-01-03T07:00:00Z"));
  schedule.ends_at = at("2027-01-03T06:59:59Z");
  EXPECT_EQ(next_due(schedule, rule, at("2026-01-01T00:00:00Z")), std::nullopt);
}

TEST(Timetable, TheLastOneIsWhatCountingFinds) {
  auto random = make_seeded_random(11);
  for (const char* expression :
       {"* * * * * *", "*/7 * * * *", "0 7 * * 1-5", "0 0 29 2 *", "30 2 * * *"}) {
    Schedule schedule;
    schedule.expression = expression;
    schedule.timezone = "Europe/Berlin";
    const Timetable rule = table(schedule);
    const WallTime known = *next_due(schedule, rule, at("2027-03-01T00:00:00Z"));
    for (int i = 0; i < 20; ++i) {
      const WallTime until =
          known + std::chrono::microseconds{static_cast<std::int64_t>(random->unit() * 3e9)};
      WallTime counted = known;
      for (auto next = next_due(schedule, rule, known); next && *next <= until;
           next = next_due(schedule, rule, *next)) {
        counted = *next;
      }
      EXPECT_EQ(last_due(schedule, rule, known, until), counted) << expression;
    }
    EXPECT_EQ(last_due(schedule, rule, known, known), known);
  }
}

TEST(Timetable, JitterStaysBelowItsLimitAndTheNextInstant) {
  auto random = make_seeded_random(5);
  Schedule schedule;
  schedule.expression = "*/10 * * * * *";
  schedule.jitter_s = 5;
  const Timetable rule = table(schedule);
  const WallTime next = at("2027-01-01T00:00:10Z");
  std::chrono::microseconds most{0};
  for (int i = 0; i < 1'000; ++i) {
    set_next(schedule, rule, next, *random);
    EXPECT_EQ(schedule.next_fire_at, next);
    ASSERT_GE(*schedule.fire_at, next);
    ASSERT_LE(*schedule.fire_at, next + 5s);
    most = std::max(most, *schedule.fire_at - next);
  }
  EXPECT_GT(most, 4s);
  schedule.jitter_s = 3600;
  for (int i = 0; i < 1'000; ++i) {
    set_next(schedule, rule, next, *random);
    ASSERT_LT(*schedule.fire_at, next + 10s);
  }
  set_next(schedule, rule, std::nullopt, *random);
  EXPECT_EQ(schedule.next_fire_at, std::nullopt);
  EXPECT_EQ(schedule.fire_at, std::nullopt);
}

}  // namespace
}  // namespace pilot::plan
