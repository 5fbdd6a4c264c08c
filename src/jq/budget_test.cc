// Every run ends within its budget, whatever the program does: with an error that says where.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>

#include "jq/jq.h"

namespace pilot::jq {
namespace {

// The code and message of what ends it, or "ended" when nothing does.
std::string ending(const std::string& text, const Json& input = nullptr,
                   const Budget& budget = {}) {
  const auto program = compile(text);
  if (!program) return "refused: " + program.error().message;
  const auto outputs = run(**program, input, {}, {.budget = budget, .now = {}});
  return outputs ? "ended" : outputs.error().code + ": " + outputs.error().message;
}

struct Bomb {
  const char* name;
  const char* program;
};

class JqBudget : public testing::TestWithParam<Bomb> {};

TEST_P(JqBudget, Stops) {
  JsonArray list;
  for (int i = 0; i < 2'000; ++i) list.emplace_back(JsonArray{i, "text", JsonObject{{"a", i}}});
  const auto begin = std::chrono::steady_clock::now();
  const std::string end = ending(GetParam().program, Json(list));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  EXPECT_TRUE(end.starts_with("expression_timeout: line 1, column ") ||
              end.starts_with("expression_too_large: line 1, column "))
      << end;
  // A hundred milliseconds are the rule; this only tells "soon" from "never" on a busy machine.
  EXPECT_LT(took.count(), 20) << GetParam().name;
}

INSTANTIATE_TEST_SUITE_P(
    Bombs, JqBudget,
    testing::Values(
        Bomb{"TailCall", "def f: f; f"}, Bomb{"Recursion", "def f: 1 + f; f"},
        Bomb{"RecursionWithChoices", "def f: (f, f); f"}, Bomb{"Deepening", "def f: [f]; f"},
        Bomb{"Range", "[range(1e12)]"}, Bomb{"RangeToLast", "last(range(1e12))"},
        Bomb{"Repeat", "last(repeat(1))"}, Bomb{"Until", "until(false; . )"},
        Bomb{"LongText", "\"x\" * 1e9"}, Bomb{"Doubling", "reduce range(100) as $i (\"x\"; . + .)"},
        Bomb{"DoublingArray", "reduce range(100) as $i ([1]; . + .)"},
        Bomb{"AllPairs", "[.. as $a | .. as $b | [$a, $b]]"},
        Bomb{"DescentOfDescents", "[.. | [..]] | [.. | [..]] | [.. | [..]] | length"},
        Bomb{"HugeIndex", ".[1e9] = 1"}, Bomb{"HugeIndexInNothing", "null | .[4e9] = 1"},
        Bomb{"DeepValue", "reduce range(1e6) as $i (0; [.])"},
        Bomb{"DeepCompare", "reduce range(5000) as $i (0; [.]) | . == ."},
        Bomb{"DeepText", "reduce range(5000) as $i (0; [.]) | tojson"},
        Bomb{"DeepFlatten", "reduce range(5000) as $i (0; [.]) | flatten"},
        Bomb{"DeepPath", "reduce range(200) as $i (0; [.])"}, Bomb{"Outputs", "range(1e7)"},
        Bomb{"Combinations", "[range(20)|[range(20)]]|[combinations]"},
        Bomb{"ManyPaths",
             "[paths] | map([paths]) | map(map(paths))|[limit(1e9;..)]|last(repeat(.))"},
        Bomb{"Subtraction", "[range(20000)] - [range(20000) | . + 0.5]"},
        Bomb{"Sorting",
             "[range(1e5) | . * 7919 % 10007 | tostring] | sort | sort_by(.) | [..] | sort"},
        Bomb{"Indices", "[range(30000) | 0] | indices([range(15000) | 0])"},
        Bomb{"Gsub", "\"a\" * 100000 | gsub(\"a\"; \"bb\") | gsub(\"b\"; \"cc\")"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(JqBudgets, EachLimitIsItsOwn) {
  Budget steps;
  steps.steps = 1'000;
  EXPECT_EQ(ending("[range(10)] | length", nullptr, steps), "ended");
  EXPECT_EQ(ending("[range(10000)] | length", nullptr, steps).substr(0, 19), "expression_timeout:");
  Budget memory;
  memory.memory_bytes = 200'000;
  EXPECT_EQ(ending("[range(100)] | length", nullptr, memory), "ended");
  EXPECT_EQ(ending("[range(100000)] | length", nullptr, memory).substr(0, 21),
            "expression_too_large:");
  Budget outputs;
  outputs.outputs = 3;
  EXPECT_EQ(ending("1,2,3", nullptr, outputs), "ended");
  EXPECT_NE(ending("1,2,3,4", nullptr, outputs).find("more than 3 outputs"), std::string::npos);
  Budget bytes;
  bytes.output_bytes = 10;
  EXPECT_EQ(ending("\"12345678\"", nullptr, bytes), "ended");
  EXPECT_NE(ending("\"123456789\"", nullptr, bytes).find("larger than 10 bytes"),
            std::string::npos);
}

TEST(JqBudgets, ALongTailCallNeedsNoMemory) {
  Budget budget;
  budget.memory_bytes = 1u << 20;
  budget.time = std::chrono::seconds{20};
  EXPECT_EQ(ending("def f($i): if $i == 0 then 1 else f($i - 1) end; f(300000)", nullptr, budget),
            "ended");
  EXPECT_EQ(ending("[limit(1; 0 | until(. > 300000; . + 1))]", nullptr, budget), "ended");
  EXPECT_EQ(ending("last(limit(100000; 1 | repeat(1)))", nullptr, budget), "ended");
}

TEST(JqBudgets, ErrorsOfTheBudgetCannotBeCaught) {
  EXPECT_EQ(ending("try last(range(1e12)) catch 1").substr(0, 19), "expression_timeout:");
  EXPECT_EQ(ending("(last(range(1e12)) // 1)").substr(0, 19), "expression_timeout:");
}

}  // namespace
}  // namespace pilot::jq
