#include <cmath>
#include <limits>

#include "jq/testing.h"

namespace pilot::jq {
namespace {

TEST(JqNumbers, GiveWhatJqGives) { expect_cases(number_builtins(), "number_cases.tsv"); }

TEST(JqNumbers, IntegersStayExact) {
  TestRun run(number_builtins());
  for (const char* name : {"floor", "ceil", "round", "trunc", "rint", "nearbyint", "fabs", "abs"}) {
    EXPECT_EQ(run(name, "9007199254740993"), "9007199254740993") << name;
    EXPECT_EQ(run(name, "18446744073709551615"), "18446744073709551615") << name;
  }
  EXPECT_EQ(run("floor", "-9007199254740993"), "-9007199254740993");
  EXPECT_EQ(run("abs", "-9223372036854775808"), "9223372036854775808");
  EXPECT_EQ(run("abs", "-2.5"), "2.5");
  EXPECT_EQ(run("abs", "\"a\""), R"_(error: "string (\"a\") has no absolute value")_");
  EXPECT_EQ(run("fmin", "null", {"9007199254740993", "9007199254740994"}), "9007199254740993");
  EXPECT_EQ(run("fmax", "null", {"9007199254740993", "9007199254740994"}), "9007199254740994");
  EXPECT_EQ(run("fmod", "null", {"9007199254740993", "10"}), "3");
  EXPECT_EQ(run("modf", "9007199254740993"), "[0,9007199254740993]");
}

TEST(JqNumbers, WhatIsNoOrdinaryNumber) {
  TestRun run(number_builtins());
  const Val infinite = Val::number(std::numeric_limits<double>::infinity());
  const Val nan = Val::number(std::nan(""));
  const Val one = Val::integer(1);
  EXPECT_EQ(run.on_values("isinfinite", infinite), "true");
  EXPECT_EQ(run.on_values("isnormal", infinite), "false");
  EXPECT_EQ(run.on_values("isfinite", infinite), "false");
  EXPECT_EQ(run.on_values("isnan", nan), "true");
  EXPECT_EQ(run.on_values("isnormal", nan), "false");
  EXPECT_EQ(run.on_values("isfinite", nan), "false");
  EXPECT_EQ(run.on_values("fmin", {}, {nan, one}), "1");
  EXPECT_EQ(run.on_values("fmax", {}, {one, nan}), "1");
  EXPECT_EQ(run.on_values("frexp", infinite), "[1.7976931348623157e+308,0]");
  EXPECT_EQ(run.on_values("modf", infinite), "[0,1.7976931348623157e+308]");
  EXPECT_EQ(run.on_values("floor", nan), "null");
  EXPECT_EQ(run.on_values("ldexp", {}, {one, infinite}), "1.7976931348623157e+308");
  EXPECT_EQ(run.on_values("ldexp", {}, {one, nan}), "null");
  EXPECT_EQ(run("ldexp", "null", {"1", "-1e300"}), "0");
  EXPECT_EQ(run("floor", "-0.0"), "-0");
}

TEST(JqNumbers, BesselOrdersAreBounded) {
  TestRun run(number_builtins());
  EXPECT_EQ(
      run("jn", "null", {"2000000000", "3e9"}),
      R"_(error: "number (2000000000) is no order of a Bessel function (-100000 to 100000)")_");
}

TEST(JqNumbers, FunctionsOfCVaryTheirFirstArgumentFastest) {
  for (const Builtin& builtin : number_builtins()) {
    EXPECT_EQ(builtin.first_varies_fastest, builtin.arity > 1) << builtin.name;
  }
}

}  // namespace
}  // namespace pilot::jq
