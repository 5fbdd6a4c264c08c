#include <cmath>

#include "jq/json_reader.h"
#include "jq/testing.h"

namespace pilot::jq {
namespace {

TEST(JqText, GivesWhatJqGives) { expect_cases(text_builtins(), "text_cases.tsv"); }

TEST(JqText, IntegersAreReadExactly) {
  TestRun run(text_builtins());
  for (const char* number : {"9007199254740993", "-9223372036854775808", "18446744073709551615"}) {
    EXPECT_EQ(run("tonumber", '"' + std::string(number) + '"'), number);
    EXPECT_EQ(run("fromjson", "\"[" + std::string(number) + "]\""),
              "[" + std::string(number) + "]");
  }
  EXPECT_EQ(run("tonumber", "\"+18446744073709551615\""), "18446744073709551615");
  EXPECT_EQ(run("tonumber", "\"18446744073709551616\""), "18446744073709552000");
  EXPECT_EQ(run("tonumber", "\"-00\""), "-0");
}

TEST(JqText, NanIsReadAsNan) {
  Meter meter({});
  std::string problem;
  const Val read = read_json(meter, "[nan]", problem);
  ASSERT_EQ(problem, "");
  EXPECT_TRUE(std::isnan(read.at(0).as_double()));
}

TEST(JqText, DepthOfReadTextIsBounded) {
  TestRun run(text_builtins());
  const auto nested = [](int depth) { return std::string(static_cast<std::size_t>(depth), '['); };
  const std::string fits = nested(256) + std::string(256, ']');
  EXPECT_EQ(run("fromjson", '"' + fits + '"'), fits);
  EXPECT_THAT(run("fromjson", '"' + nested(257) + '"'),
              testing::StartsWith(
                  R"(error: "Exceeds depth limit for parsing at line 1, column 257 (while)"));
  const std::string error = run("fromjson", '"' + nested(1'000'000) + '"');  // the text is cut
  EXPECT_THAT(error, testing::EndsWith("[[[...')\""));
  EXPECT_LT(error.size(), 300u);
}

TEST(JqText, TrimsUnicodeWhiteSpace) {
  TestRun run(text_builtins());
  EXPECT_EQ(run("trim", R"(" \t\n\u00a0\u3000 a b\u2028\r ")"), R"("a b")");
  EXPECT_EQ(run("ltrim", R"("  a ")"), R"("a ")");
  EXPECT_EQ(run("rtrim", R"("  é ")"), R"("  é")");
  EXPECT_EQ(run("trim", R"("\u200b")"), R"("​")");
  EXPECT_EQ(run("trim", R"("   ")"), R"("")");
  EXPECT_EQ(run("trim", "1"), R"(error: "number (1) trim input must be a string")");
}

// jq 1.6 counts bytes.
TEST(JqText, PlacesAreCountedInCodePoints) {
  TestRun run(text_builtins());
  EXPECT_EQ(run("_strindices", R"("aéa日本a😀a")", {R"("a")"}), "[0,2,5,7]");
  EXPECT_EQ(run("_strindices", R"("日本日本")", {R"("本")"}), "[1,3]");
  EXPECT_EQ(run("_strindices", R"("ééééé")", {R"("éé")"}), "[0,2]");
}

TEST(JqText, TheEmptyTextIsNowhere) {
  TestRun run(text_builtins());
  EXPECT_EQ(run("_strindices", "\"abc\"", {"\"\""}), "[]");
}

TEST(JqText, LongSearchesAreLinear) {
  TestRun run(text_builtins());
  const std::string text(1'000'000, 'a');
  const std::string wanted = std::string(500'000, 'a') + "b";
  EXPECT_EQ(run("_strindices", '"' + text + '"', {'"' + wanted + '"'}), "[]");
}

TEST(JqText, WhatIsTooBigIsNotMade) {
  Budget small;
  small.memory_bytes = 100'000;
  const std::string text = '"' + std::string(120'000, 'a') + '"';
  for (const char* name : {"explode", "ascii_upcase", "tojson"}) {
    TestRun run(text_builtins(), small);
    EXPECT_EQ(run(name, text), "spent: 3") << name;
  }
  TestRun split(text_builtins(), small);
  EXPECT_EQ(split("split", text, {"\"\""}), "spent: 3");
  TestRun join(text_builtins(), small);
  EXPECT_EQ(join("join", "[1,2,3]", {text}), "spent: 3");
}

TEST(JqText, StepsAreCounted) {
  Budget few;
  few.steps = 10'000;
  TestRun run(text_builtins(), few);
  EXPECT_EQ(run("split", '"' + std::string(50'000, ',') + '"', {"\",\""}), "spent: 1");
}

}  // namespace
}  // namespace pilot::jq
