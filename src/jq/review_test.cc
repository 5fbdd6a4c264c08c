// What a review and fuzzers found: each with the shortest program that showed it.
#include <gtest/gtest.h>

#include "jq/jq.h"

namespace pilot::jq {
namespace {

std::string answer(std::string_view text, std::string_view input = "null") {
  const auto program = compile(text);
  if (!program) return "refused: " + program.error().code;
  const Json json = *parse_json(input);
  RunOptions options;
  options.budget.time = std::chrono::seconds{20};  // under a sanitizer on a busy machine, too
  const auto outputs = run(**program, json, {}, options);
  if (!outputs) return outputs.error().code;
  std::string out;
  for (const Json& output : *outputs) out += (out.empty() ? "" : " ") + to_json(output);
  return out;
}

constexpr const char* kNine = R"({"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9})";

TEST(JqReview, AnObjectThatShrinksAndGrowsFindsItsMembers) {
  EXPECT_EQ(answer("del(.a) | .z=1 | [.z,.b,.i]", kNine), "[1,2,9]");
  EXPECT_EQ(answer("reduce range(100) as $i (.; del(.a)|.a=1) | length", kNine), "9");
  EXPECT_EQ(answer("reduce range(50) as $i ({}; .[\"k\\($i)\"] = $i) | del(.[\"k\\(range(45))\"])"
                   " | .x = 1 | to_entries | map(.value)"),
            "[45,46,47,48,49,1]");
}

TEST(JqReview, NamesOfThePreludeAreNotTheUsers) {
  EXPECT_EQ(answer("_sort_by(1)", "[1,2]"), "refused: invalid_program");
  EXPECT_EQ(answer("_match(1;2;3)"), "refused: invalid_program");
  EXPECT_EQ(answer("_replace([];[])"), "refused: invalid_program");
}

TEST(JqReview, LongChainsDoNotOverflowTheStack) {
  EXPECT_EQ(answer("." + std::string(60'000, '?')), "refused: invalid_program");
  EXPECT_EQ(answer("def f: ." + std::string(60'000, '?') + "; f"), "refused: invalid_program");
  for (const char* link : {"+1", " or 1", " and 1", "*1", "//1"}) {
    std::string chain = "1";
    while (chain.size() < 60'000) chain += link;
    EXPECT_EQ(answer(chain), "refused: invalid_program") << link;
  }
}

TEST(JqReview, TheInputOfAsIsThereForEachOfItsKeys) {
  EXPECT_EQ(answer(R"(. as {("a","b"):$x} | [$x,.])", R"({"a":1,"b":2})"),
            R"([1,{"a":1,"b":2}] [2,{"a":1,"b":2}])");
  EXPECT_EQ(answer(R"(. as [{("a","b"):$x}] | .[0].c = $x)", R"([{"a":1,"b":2}])"),
            R"([{"a":1,"b":2,"c":1}] [{"a":1,"b":2,"c":2}])");
}

TEST(JqReview, FunctionsOfFunctionsAreRefusedBeforeTheyTakeForever) {
  std::string doubling = "def f0: .;";
  for (int i = 1; i < 60; ++i) {
    const std::string before = "f" + std::to_string(i - 1);
    doubling += "def f" + std::to_string(i) + ": " + before + "|" + before + ";";
  }
  EXPECT_EQ(answer(doubling + "f59"), "refused: program_too_large");
}

TEST(JqReview, WhatIsBigIsCountedBeforeItIsMade) {
  EXPECT_EQ(answer(R"(("a"*10000000) as $k|[range(100)|$k])"), "expression_too_large");
  EXPECT_EQ(answer(R"(("a"*3000000) as $k|[range(300)|{($k):1}])"), "expression_too_large");
  EXPECT_EQ(answer(R"(("a"*10000000) as $k|{($k):1} as $o|[range(100)|$o]|tojson|length)"),
            "expression_too_large");
  EXPECT_EQ(answer(R"(("a"*10000000) as $k|{($k):1} as $o|[range(100)|$o]|error)"),
            "program_failed");
  const std::string filled = answer("[range(10000)|[]|.[3000000]=1|length]|length");
  EXPECT_TRUE(filled == "expression_timeout" || filled == "expression_too_large") << filled;
  EXPECT_EQ(answer(R"("" * 1e18, ("" * infinite))"), R"("" "")");
}

TEST(JqReview, ATextNearTheLimitIsRepeated) {
  EXPECT_EQ(answer(R"("a"*60000000|length)"), "60000000");
  EXPECT_EQ(answer(R"("ab"*3.5, ("x"*1), ("a"*70000000|length))"), "expression_too_large");
}

TEST(JqReview, SearchInTextIsLinear) {
  EXPECT_EQ(answer(R"(("a"*1000000) as $t|$t|contains(($t|.[0:500000])+"b"))"), "false");
}

TEST(JqReview, ManyAreDeletedAtOnce) {
  EXPECT_EQ(answer("[range(30000)]|del(.[range(1;30000)])"), "[0]");
  EXPECT_EQ(answer("reduce range(8000) as $i ({}; .[\"k\\($i)\"] = $i)"
                   " | del(.[]|select(.%2==0)) | length"),
            "4000");
  EXPECT_EQ(answer("del(.[0,2,4,-1,9], .[1])", "[0,1,2,3,4,5]"), "[3]");
}

TEST(JqReview, ParenthesesWidenTheQuestionMark) {
  EXPECT_EQ(answer("[(.a.b)?, (.a[])?, (.[0].a)?]", "5"), "[]");
  EXPECT_EQ(answer("[(.[].a)?]", R"([1,{"a":2}])"), "[]");
  EXPECT_EQ(answer("[.[].a?]", R"([1,{"a":2}])"), "[2]");
  EXPECT_EQ(answer("(.a.b) = 1 | (.a).c |= 2"), R"({"a":{"b":1,"c":2}})");
}

TEST(JqReview, SubstitutionsCombineAsInJq) {
  EXPECT_EQ(answer(R"([gsub("a";"b","c")])", R"("aXa")"), R"(["bXb","cXb","bXc","cXc"])");
  EXPECT_EQ(answer(R"([sub("a","b";"X","Y")])", R"("cab")"), R"(["cXb","cYb","caX","caY"])");
  EXPECT_EQ(answer("sub(empty; 1)", "5"), "");
  EXPECT_EQ(answer("indices([])", "[1]"), "[]");
}

}  // namespace
}  // namespace pilot::jq
