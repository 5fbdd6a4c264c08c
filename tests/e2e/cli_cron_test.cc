// pilot cron next and explain, as a person or a script calls them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pilot.h"

namespace pilot::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class CliCron : public testing::Test {
 protected:
  Finished run(Arguments args) const {
    args.insert(args.begin(), "cron");
    return pilot(dir_.path() / "data", std::move(args));
  }
  TempDir dir_;
};

TEST_F(CliCron, NextPrintsInstantsInUtc) {
  const Arguments issue{"next",   "0 7 * * 1-5",          "--tz",    "Europe/Berlin",
                        "--from", "2026-03-28T00:00:00Z", "--count", "5"};
  const std::string wanted =
      "2026-03-30T05:00:00Z\n2026-03-31T05:00:00Z\n2026-04-01T05:00:00Z\n2026-04-02T05:00:00Z\n"
      "2026-04-03T05:00:00Z\n";
  const Finished next = run(issue);
  EXPECT_EQ(next.code, 0) << next.err;
  EXPECT_EQ(next.out, wanted);
  Arguments json = issue;
  json.push_back("--json");
  EXPECT_EQ(run(json).out, wanted);
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "data")) << "it needs no data directory";
}

TEST_F(CliCron, NextTakesTheDialectAndTheRule) {
  const Finished saturday = run({"next", "0 7 * * 5", "--dialect", "apscheduler", "--from",
                                 "2026-01-01T00:00:00Z", "--count", "1"});
  EXPECT_EQ(saturday.out, "2026-01-03T07:00:00Z\n") << saturday.err;
  const Arguments night{"next",   "30 2 * * *",           "--tz",    "Europe/Berlin",
                        "--from", "2026-03-28T12:00:00Z", "--count", "1"};
  EXPECT_EQ(run(night).out, "2026-03-29T01:00:00Z\n");
  Arguments literal = night;
  literal.insert(literal.end(), {"--dst", "literal"});
  EXPECT_EQ(run(literal).out, "2026-03-30T00:30:00Z\n");
}

TEST_F(CliCron, NextBeginsNow) {
  const Finished now = run({"next", "* * * * *"});
  EXPECT_EQ(now.code, 0) << now.err;
  EXPECT_EQ(std::count(now.out.begin(), now.out.end(), '\n'), 5);
}

TEST_F(CliCron, NextSaysWhenNothingMoreIsDue) {
  const Finished none = run({"next", "0 0 1 1 *", "--from", "2200-06-01T00:00:00Z"});
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.err, HasSubstr("the year 2200"));
  const Finished one = run({"next", "0 0 1 1 *", "--from", "2199-06-01T00:00:00Z"});
  EXPECT_EQ(one.code, 0);
  EXPECT_EQ(one.out, "2200-01-01T00:00:00Z\n");
}

TEST_F(CliCron, ExplainSpeaksEnglish) {
  EXPECT_EQ(run({"explain", "0 7 * * 1-5"}).out, "at 07:00 on Monday to Friday\n");
  EXPECT_EQ(run({"explain", "@daily"}).out, "at 00:00 every day\n");
  EXPECT_EQ(run({"explain", "0 7 * * 1-5", "--dialect", "apscheduler"}).out,
            "at 07:00 on Tuesday to Saturday\n");
  const auto json = parse_json(run({"explain", "0 7 * * mon-fri", "--json"}).out);
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(*json, Json(JsonObject{{"expression", "0 7 * * 1-5"},
                                   {"dialect", "crontab"},
                                   {"words", "at 07:00 on Monday to Friday"}}));
}

TEST_F(CliCron, RefusalsSayWhatToDo) {
  const auto refused = [&](Arguments args) {
    const Finished finished = run(std::move(args));
    EXPECT_EQ(finished.code, 2) << finished.out;
    EXPECT_EQ(finished.out, "");
    return finished.err;
  };
  EXPECT_THAT(refused({"next", "0 25 * * *"}),
              AllOf(HasSubstr("hours are 0 to 23"), HasSubstr("field 2 (hour)")));
  EXPECT_THAT(refused({"explain", "0 0 30 2 *"}), HasSubstr("never fires"));
  EXPECT_THAT(refused({"next", "@daily", "--tz", "Europe/Berlim"}), HasSubstr("Europe/Berlin"));
  EXPECT_THAT(refused({"next", "@daily", "--from", "tomorrow"}), HasSubstr("--from"));
  EXPECT_THAT(refused({"next", "@daily", "--dialect", "quartz"}), HasSubstr("crontab"));
  EXPECT_THAT(refused({"next", "@daily", "--dst", "none"}), HasSubstr("literal"));
  EXPECT_THAT(refused({"next", "@daily", "--count", "0"}), HasSubstr("--count"));
}

}  // namespace
}  // namespace pilot::e2e
