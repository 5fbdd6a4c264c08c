#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace pilot {
namespace {

TEST(Printable, LeavesTextAlone) {
  for (const std::string_view text :
       {"", "plain", "tab-free ~ text \\n", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Printable, EscapesWhatCouldForgeALine) {
  EXPECT_EQ(printable("a\r\nb\tc"), "a\\x0d\\x0ab\\x09c");
  EXPECT_EQ(printable("\x1b[31mred\x7f"), "\\x1b[31mred\\x7f");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");                               // C1 control
  EXPECT_EQ(printable("\xc2\xa0"), "\xc2\xa0");             // a hard space is fine
  EXPECT_EQ(printable("\xe2\x80\xa8"), "\\xe2\\x80\\xa8");  // line separator
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "x"),
            "\\xe2\\x80\\xaex");                   // right to left
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");  // not UTF-8
  EXPECT_EQ(printable("\xc3"
                      "a"),
            "\\xc3"
            "a");
}

TEST(Log, WritesOneLineAboveItsLevel) {
  testing::internal::CaptureStderr();
  {
    Log log(LogLevel::info);
    log.debug("not {}", "this");
    log.info("run {} done", 7);
    log.error("bad\nINFO forged {{}}");
  }
  const std::string out = testing::internal::GetCapturedStderr();
  EXPECT_THAT(out, testing::MatchesRegex(
                       "[-0-9]+T[0-9:.]+Z info run 7 done\n[-0-9]+T[0-9:.]+Z error bad.x0aINFO "
                       "forged \\{\\}\n"));
}

// The lines of what `work` logs.
template <class Work>
std::vector<std::string> lines_of(LogFormat format, Work work) {
  testing::internal::CaptureStderr();
  {
    Log log(LogLevel::info, format);
    work(log);
  }
  const std::string out = testing::internal::GetCapturedStderr();
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < out.size();) {
    const std::size_t end = std::min(out.find('\n', at), out.size());
    lines.push_back(out.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

TEST(Log, FieldsFollowTheMessage) {
  const auto lines = lines_of(LogFormat::text, [](Log& log) {
    log.event(LogLevel::info, "request", {{"route", "/api/plans/{id}"}, {"status", 200}});
    log.event(LogLevel::warn, "odd", {{"a", ""}, {"b", "x y"}, {"c", "q\"=\n"}});
    log.event(LogLevel::debug, "not this", {});
  });
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], testing::EndsWith("Z info request route=/api/plans/{id} status=200"));
  EXPECT_THAT(lines[1], testing::EndsWith(R"(odd a="" b="x y" c="q\"=\\x0a")"));
}

TEST(Log, JsonLinesAreObjects) {
  const auto lines = lines_of(LogFormat::json, [](Log& log) {
    log.info("run {} \"done\"", 7);
    log.event(LogLevel::warn, "request", {{"user", "ada"}, {"status", -1}});
  });
  ASSERT_EQ(lines.size(), 2u);
  const auto first = parse_json(lines[0]);
  ASSERT_TRUE(first) << lines[0];
  EXPECT_EQ(string_or(*first, "message"), "run 7 \"done\"");
  EXPECT_EQ(string_or(*first, "level"), "info");
  EXPECT_THAT(std::string(string_or(*first, "ts")), testing::MatchesRegex("[-0-9]+T[0-9:.]+Z"));
  const auto second = parse_json(lines[1]);
  ASSERT_TRUE(second) << lines[1];
  EXPECT_EQ(string_or(*second, "user"), "ada");
  EXPECT_EQ(*find(*second, "status"), Json(-1));
}

// O6: whatever stands in a message or a field, it is one line, one object, and plain on a terminal.
TEST(Log, NoFieldCanForgeALine) {
  const std::vector<std::string> evil = {
      "a\r\n2026-01-01T00:00:00.000Z error forged",
      "\",\"level\":\"error\",\"x\":\"",
      "\x1b[2J\x1b]0;title\x07",
      "\xff\xfe\xc3(",
      std::string("nul\0byte", 8),
      "\xe2\x80\xa8\xe2\x80\xae\xc2\x9b",
      "back\\slash \\\" } {",
      "%Y %v {} {{",
  };
  for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
    for (const std::string& text : evil) {
      const auto lines = lines_of(format, [&](Log& log) {
        log.info("{}", text);
        log.event(LogLevel::info, "m", {{"f", text}, {"g", "1"}});
      });
      ASSERT_EQ(lines.size(), 2u) << text;
      for (const std::string& line : lines) {
        EXPECT_EQ(printable(line), line);
        if (format == LogFormat::json) {
          const auto parsed = parse_json(line);
          ASSERT_TRUE(parsed) << line;
          EXPECT_EQ(string_or(*parsed, "level"), "info");
          EXPECT_EQ(parsed->as_object().size(), &line == &lines[0] ? 3u : 5u);
        }
      }
    }
  }
}

TEST(Log, OffIsSilent) {
  testing::internal::CaptureStderr();
  Log log(LogLevel::off);
  log.error("nothing");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace pilot
