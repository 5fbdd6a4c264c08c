// What is wrong with a program is told with its place and, where there is one, the nearest name.
#include <gmock/gmock.h>

#include "jq/cache.h"
#include "jq/jq.h"

namespace pilot::jq {
namespace {

using testing::HasSubstr;

std::string refusal(std::string_view text, const std::vector<std::string>& vars = {}) {
  const auto program = compile(text, vars);
  return program ? "accepted" : program.error().message;
}

TEST(JqCompile, SaysWhereAndWhat) {
  EXPECT_EQ(refusal(".a | lenght"),
            "line 1, column 6: there is no function lenght/0 (did you mean \"length\"?)");
  EXPECT_EQ(refusal("map(.a; .b)"),
            "line 1, column 1: map does not take 2 arguments; there is map/1");
  EXPECT_EQ(refusal(".a |\n  $custmer", {"customer"}),
            "line 2, column 3: there is no variable $custmer (did you mean \"$customer\"?)");
  EXPECT_EQ(refusal("[1, 2"),
            "line 1, column 6: expected \"]\" to close the array, found the end of the program");
  EXPECT_EQ(refusal("\"\xc3\xa9\" | %"), "line 1, column 7: expected an expression, found \"%\"");
  EXPECT_EQ(refusal("\"abc"), "line 1, column 1: the string that begins here does not end");
  EXPECT_EQ(
      refusal("if . then 1"),
      "line 1, column 12: expected \"end\" at the end of \"if\", found the end of the program");
  EXPECT_EQ(refusal("1 == 2 == 3"),
            "line 1, column 8: comparisons cannot follow each other; write \"a < b and b < c\"");
  EXPECT_THAT(refusal("break $out"), HasSubstr("$out is not a label"));
  EXPECT_THAT(refusal("@yaml"), HasSubstr("@yaml is not a format"));
  EXPECT_THAT(refusal("{1: 2}"), HasSubstr("a key is a string"));
  EXPECT_THAT(refusal("\xff"), HasSubstr("UTF-8"));
}

TEST(JqCompile, PointerIsThePlace) {
  const auto program = compile("1 |\n nope");
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().pointer, "line 2, column 2");
  EXPECT_EQ(program.error().code, "invalid_program");
}

TEST(JqCompile, NothingReachesOutside) {
  for (const char* text :
       {"env", "$ENV", "$ENV.PATH", "input", "inputs", "debug", "stderr", "input_filename",
        "input_line_number", "halt", "halt_error", "$__loc__", "$__prog_args", "get_search_list",
        "import \"a\" as a; 1", "include \"a\"; 1", "a::b", "modulemeta"}) {
    EXPECT_NE(refusal(text), "accepted") << text;
  }
  EXPECT_THAT(refusal("env.PATH"), HasSubstr("sees its input and its variables only"));
}

TEST(JqCompile, BoundsSizeAndNesting) {
  EXPECT_THAT(refusal(std::string(70'000, ' ')), HasSubstr("the limit is 65536"));
  EXPECT_THAT(refusal(std::string(3'000, '[')), HasSubstr("nested deeper than"));
  EXPECT_THAT(refusal(std::string(3'000, '-') + "1"), HasSubstr("nested deeper than"));
  std::string reduce;
  for (int i = 0; i < 3'000; ++i) reduce += "reduce ";
  EXPECT_THAT(refusal(reduce), HasSubstr("nested"));
  std::string pipes = ".";
  for (int i = 0; i < 10'000; ++i) pipes += "|.";
  EXPECT_EQ(refusal(pipes), "accepted");
  std::string elifs = "if . then 1";
  for (int i = 0; i < 2'000; ++i) elifs += " elif . then 2";
  EXPECT_EQ(refusal(elifs + " else 3 end"), "accepted");
  // Each calls the one before twice: put in, that would be 2^40 instructions.
  std::string doubling = "def f0: 1;";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "f" + std::to_string(i - 1);
    doubling += "def f" + std::to_string(i) + ": " + before + "," + before + ";";
  }
  EXPECT_EQ(refusal(doubling + "f39"), "accepted");
  std::string chain = "def f0: 1;";
  for (int i = 1; i < 2'000; ++i) {
    chain += "def f" + std::to_string(i) + ": f" + std::to_string(i - 1) + ";";
  }
  EXPECT_EQ(refusal(chain + "f1999"), "accepted");
}

TEST(JqCompile, MentionsAreWhatIsSurelyRead) {
  const auto program = compile(
      ".steps.a.output.x > 1 and (.inputs.y | .steps.not_this) == .steps[\"b\"].z or (.steps.c?)");
  ASSERT_TRUE(program);
  std::string all;
  for (const Mention& m : mentions(**program))
    all += m.first + "." + m.second + "@" + m.place + " ";
  EXPECT_THAT(all, HasSubstr("steps.a@"));
  EXPECT_THAT(all, HasSubstr("inputs.y@"));
  EXPECT_THAT(all, HasSubstr("steps.b@"));
  EXPECT_THAT(all, testing::Not(HasSubstr("not_this")));
}

TEST(JqCompile, FilterKeepsWhatThePogramWants) {
  const auto program = compile_filter(".a > $least # the least", {"least"});
  ASSERT_TRUE(program);
  const Json input = *parse_json(R"([{"a":1},{"a":3},{"b":1},{"a":2}])");
  const auto kept = run_first(**program, input, JsonObject{{"least", 1}});
  ASSERT_TRUE(kept);
  EXPECT_EQ(to_json(**kept), R"([{"a":3},{"a":2}])");
  EXPECT_EQ(compile_filter("foo").error().message, "line 1, column 1: there is no function foo/0");
}

TEST(JqCache, GivesTheSameProgramAndForgetsTheOldest) {
  ProgramCache cache(2);
  const auto get = [&](const char* text) {
    return cache.get(ProgramCache::Use::program, text, {})->get();
  };
  const Program* one = get("1");
  EXPECT_EQ(get("1"), one);
  get("2");
  EXPECT_EQ(get("1"), one);
  get("3");  // 2 goes
  EXPECT_EQ(get("1"), one);
  EXPECT_NE(cache.get(ProgramCache::Use::filter, "1", {})->get(), one);
  EXPECT_FALSE(cache.get(ProgramCache::Use::program, "$x", {}));
  EXPECT_TRUE(cache.get(ProgramCache::Use::program, "$x", {"x"}));
}

}  // namespace
}  // namespace pilot::jq
