// Time: what is expected is what jq 1.6 answers (TZ=UTC), but where a comment says otherwise.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/json.h"
#include "jq/builtins.h"
#include "jq/regex.h"

namespace pilot::jq {

namespace {

// Calls one builtin with values written as JSON: its answer as JSON text, or "error: " and the text
// of it, or "spent: " and what.
std::string call(std::string_view name, const std::string& input,
                 const std::vector<std::string>& args = {}, Budget budget = {}, WallTime now = {}) {
  budget.time = std::chrono::seconds{10};  // long runs under a sanitizer must not end by it
  Meter meter(budget);
  RegexCache regexes;
  std::vector<Json> json;
  for (const std::string& arg : args) json.push_back(parse_json(arg).value());
  const Json whole = parse_json(input).value();
  std::vector<Val> values;
  for (const Json& arg : json) values.push_back(Val::view(arg));
  const Builtin* builtin = find_builtin(name, static_cast<int>(args.size()));
  if (builtin == nullptr) return "no builtin " + std::string(name);
  Call call{.meter = meter, .now = now, .regexes = regexes, .error = {}};
  const Val answer = builtin->function(call, Val::view(whole), values.data());
  if (meter.spent() != Spent::nothing) {
    return "spent: " + std::to_string(static_cast<int>(meter.spent()));
  }
  return call.failed ? "error: " + std::string(call.error.as_text()) : to_text(meter, answer);
}
std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

struct Row {
  std::string input;
  std::string want;
};
struct FormatRow {
  std::string input;
  std::string format;
  std::string want;
};

constexpr const char* kMoment = "[2015,2,5,23,51,47,4,63]";

}  // namespace

TEST(JqTime, NowHasAFraction) {
  EXPECT_EQ(call("now", "null", {}, {}, from_unix_micros(1'425'599'621'250'000)), "1425599621.25");
}

TEST(JqTime, Gmtime) {
  const Row rows[] = {
      {"0", "[1970,0,1,0,0,0,4,0]"},
      {"1425599621.678", "[2015,2,5,23,53,41.67799997329712,4,63]"},
      {"-1.5", "[1969,11,31,23,59,59.5,3,364]"},  // jq's way with fractions before 1970
      {"-62135596800", "[1,0,1,0,0,0,1,0]"},
      {"253402300799", "[9999,11,31,23,59,59,5,364]"},
      {R"("x")", "error: gmtime() requires numeric inputs"},
  };
  for (const Row& row : rows) EXPECT_EQ(call("gmtime", row.input), row.want) << row.input;
  EXPECT_EQ(call("localtime", "0"), "[1970,0,1,0,0,0,4,0]");
  EXPECT_EQ(call("localtime", "null"), "error: localtime() requires numeric inputs");
}

TEST(JqTime, YearsAreBounded) {  // other than jq
  const std::string error =
      "error: error converting number of seconds since epoch to datetime: years go from -9999 to "
      "9999";
  for (const std::string seconds : {"253402300800", "-1e12", "1e300", "-1e300", "1e18"}) {
    EXPECT_EQ(call("gmtime", seconds), error) << seconds;
    EXPECT_EQ(call("strftime", seconds, {R"("%Y")"}), error) << seconds;
  }
  EXPECT_EQ(call("mktime", "[10000,0,1,0,0,0,0,0]"),
            "error: invalid gmtime representation: years go from -9999 to 9999");
  EXPECT_EQ(call("mktime", "[9999,11,31,23,59,60,0,0]"),
            "error: invalid gmtime representation: years go from -9999 to 9999");
  EXPECT_EQ(call("strftime", "[10000,0,1,0,0,0,0,0]", {R"("%Y")"}),
            "error: strftime/1: no such year: years go from -9999 to 9999");
}

TEST(JqTime, Mktime) {
  const std::string parsed = "error: mktime requires parsed datetime inputs";
  const Row rows[] = {
      {kMoment, "1425599507"},
      {"[2015.9,2.9,5.9,23.9,51.9,47.9,4,63]", "1425599507"},
      {"[2015,14,35,25,61,-7,4,63]", "1459821653"},
      {"[1900,0,1,0,0,0,0,0]", "-2208988800"},
      {"[0,0,1,0,0,0,0,0]", "-62167219200"},
      {"[1969,11,31,23,59,59,0,0]", "-1"},  // an error in jq
      {R"("x")", "error: mktime requires array inputs"},
      {"[1]", parsed},
      {"[2015,2,5,23,51,47]", parsed},
      {R"([2015,2,5,23,51,47,"a",63])", parsed},
      {"[2015,2,5,1e300,0,0,0,0]", parsed},  // a number in jq
  };
  for (const Row& row : rows) EXPECT_EQ(call("mktime", row.input), row.want) << row.input;
}

TEST(JqTime, Strftime) {
  const FormatRow rows[] = {
      {"1425599621.9", "%Y-%m-%dT%H:%M:%SZ", "2015-03-05T23:53:41Z"},
      {"1425599621", "%a %A %b %B %h", "Thu Thursday Mar March Mar"},
      {"1425599621", "%c|%x|%X", "Thu Mar  5 23:53:41 2015|03/05/15|23:53:41"},
      {"1425599621", "%p %P %r %R %T", "PM pm 11:53:41 PM 23:53 23:53:41"},
      {"1425599621", "%D %F %g %G %V", "03/05/15 2015-03-05 15 2015 10"},
      {"1425599621", "%U %W %u %w %j", "09 09 4 4 064"},
      {"1425599621", "%k|%l|%I|%e|%y|%C|%%", "23|11|11| 5|15|20|%"},
      {"1425599621", "%s %z %Z", "1425599621 +0000 UTC"},
      {"1425599621", "%q %N %i %f %L %", "%q %N %i %f %L %"},
      {"1425599621", "%-d|%_d|%5Y|%^a|%#Z|%5a|%05a", "5| 5|02015|THU|utc|  Thu|00Thu"},
      {"1425599621", "%Ey %Od %E %EH", "15 05 %E %EH"},
      {"-62135596800", "%Y|%C|%y|%G|%F", "1|0|01|1|1-01-01"},
      {"[-5,0,1,0,0,0,0,0]", "%Y|%C|%y|%G|%g|%F", "-5|-1|95|-6|94|-5-01-01"},
      {"[2015,14,45,1,2,3.5,9,500]", "%Y %m %d %S %a %A %j %B %b %U",
       "2015 15 45 03 ? ? 501 ? ? 71"},
      {"[2015,2,5,-3,100,-7,4,63]", "%H %M %S %s", "-3 100 -7 1425508793"},
      {"1230768000", "%G-%V %g", "2009-01 09"},
      {"1451606400", "%G-%V %g", "2015-53 15"},
      {"270858178", "%10s|%3s|%010s", " 270858178|270858178|0270858178"},
      {"0", "é", "é"},
      {"0", "", ""},  // an error in jq
  };
  for (const FormatRow& row : rows) {
    EXPECT_EQ(call("strftime", row.input, {in_quotes(row.format)}), in_quotes(row.want))
        << row.format;
  }
  EXPECT_EQ(call("strflocaltime", "0", {R"("%Y %Z")"}), R"("1970 UTC")");
}

TEST(JqTime, StrftimeErrors) {
  for (const std::string input : {R"("a")", "[1]", "[2015,2,5,1,2,3]", "null"}) {
    EXPECT_EQ(call("strftime", input, {R"("%Y")"}),
              "error: strftime/1 requires parsed datetime inputs");
    EXPECT_EQ(call("strflocaltime", input, {R"("%Y")"}),
              "error: strflocaltime/1 requires parsed datetime inputs");
  }
  // jq ends with an assertion here.
  EXPECT_EQ(call("strftime", "0", {"1"}), "error: strftime/1 requires a string format");
}

TEST(JqTime, StrftimeIsBoundedByMemory) {
  Budget budget;
  budget.memory_bytes = 100'000;
  std::string format;
  for (int i = 0; i < 1'000; ++i) format += "%1000Y";
  EXPECT_EQ(call("strftime", "0", {in_quotes(format)}, budget),
            "spent: " + std::to_string(static_cast<int>(Spent::memory)));
}

TEST(JqTime, Strptime) {
  const FormatRow rows[] = {
      {"2015-03-05T23:51:47Z", "%Y-%m-%dT%H:%M:%SZ", kMoment},
      {"2015 64", "%Y %j", "[2015,2,5,0,0,0,4,63]"},
      {"10:20", "%H:%M", "[1900,0,0,10,20,0,8,367]"},
      {"1425599621", "%s", "[2015,2,5,23,53,41,4,63]"},
      {"Thu, 05 Mar 2015 23:51:47 +0100", "%a, %d %b %Y %H:%M:%S %z", kMoment},
      {"THURSDAY march 5 15", "%A %B %d %y", "[2015,2,5,0,0,0,4,63]"},
      {"68", "%y", "[2068,0,0,0,0,0,6,-1]"},
      {"69", "%y", "[1969,0,0,0,0,0,2,-1]"},
      {"EST 2015", "%Z %Y", "[2015,0,0,0,0,0,3,-1]"},
      {"10:20:30 PM", "%r", "[1900,0,0,22,20,30,8,367]"},
      {"12:20 AM", "%I:%M %p", "[1900,0,0,0,20,0,8,367]"},
      {"2015-3-5", "%F", "[2015,2,5,0,0,0,4,63]"},
      {"3/5/15", "%D", "[2015,2,5,0,0,0,4,63]"},
      {"2015-02-31", "%Y-%m-%d", "[2015,1,31,0,0,0,2,61]"},
      {"2015  x", "%Y x", "[2015,0,0,0,0,0,3,-1]"},
      {"2015x", "%Y%nx", "[2015,0,0,0,0,0,3,-1]"},
      {"2015 x", "%Y", R"([2015,0,0,0,0,0,3,-1," x"])"},
      {"a%b", "a%%b", "[1900,0,0,0,0,0,8,367]"},
      {"61", "%S", "[1900,0,0,0,0,61,8,367]"},
      {"2015-03-05 +01:30", "%F %z", "[2015,2,5,0,0,0,4,63]"},
      {"15 20", "%y %C", "[2015,0,0,0,0,0,3,-1]"},
      {"Thu 9 2015", "%a %W %Y", "[2015,2,5,0,0,0,4,63]"},
      {"Thu Mar  5 23:51:47 2015", "%c", kMoment},
      {"", "", "[1900,0,0,0,0,0,8,367]"},
  };
  for (const FormatRow& row : rows) {
    EXPECT_EQ(call("strptime", in_quotes(row.input), {in_quotes(row.format)}), row.want)
        << row.input << " " << row.format;
  }
}

TEST(JqTime, StrptimeErrors) {
  const Row rows[] = {{"x", "%Y"},
                      {"20153", "%Y"},
                      {"2015-13", "%Y-%m"},
                      {"62", "%S"},
                      {"24", "%H"},
                      {"0", "%d"},
                      {"-5", "%Y"},
                      {"10:20:30.5", "%H:%M:%S"},
                      {"x", "%q"},
                      {"5", "%Ed"},
                      {"Marchx", "%b"},
                      {"abc", "%"},
                      {"2015-03-05 +1", "%F %z"},
                      {"99999999999999999999", "%s"}};
  for (const Row& row : rows) {
    EXPECT_EQ(call("strptime", in_quotes(row.input), {in_quotes(row.want)}),
              "error: date \"" + row.input + "\" does not match format \"" + row.want + "\"");
  }
  EXPECT_EQ(call("strptime", "1", {R"("%Y")"}),
            "error: strptime/1 requires string inputs and arguments");
  EXPECT_EQ(call("strptime", R"("x")", {"1"}),
            "error: strptime/1 requires string inputs and arguments");
}

}  // namespace pilot::jq
