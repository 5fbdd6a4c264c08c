#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(Log, OffIsSilent) {
  testing::internal::CaptureStderr();
  Log log(LogLevel::off);
  log.error("nothing");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace pilot
