// Bad input at the command line: exit code 2, one clear message that names the place, and nothing
// has changed: not even the data directory is there afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bad_plans.h"
#include "pilot.h"

namespace pilot::e2e {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class CliBadPlan : public testing::TestWithParam<BadPlan> {
 protected:
  std::filesystem::path data() const { return dir_.path() / "data"; }
  TempDir dir_;
};

TEST_P(CliBadPlan, RunRefusesAndChangesNothing) {
  const BadPlan& bad = GetParam();
  const std::string file = dir_.write("plan.json", bad.text);
  const Finished done = pilot(data(), {"run", file});
  EXPECT_EQ(done.code, 2) << done.out << done.err;
  EXPECT_EQ(done.out, "");
  EXPECT_THAT(done.err, StartsWith("error: "));
  EXPECT_THAT(done.err, HasSubstr(file));
  EXPECT_THAT(done.err, HasSubstr(bad.place));
  EXPECT_THAT(done.err, HasSubstr(bad.words));
  EXPECT_LT(done.err.size(), 4'000u) << "a message is for people";
  EXPECT_EQ(std::count(done.err.begin(), done.err.end(), '\n'), 1) << done.err;
  EXPECT_FALSE(std::filesystem::exists(data()));
}

TEST_P(CliBadPlan, ValidateTellsItInJson) {
  const BadPlan& bad = GetParam();
  const std::string file = dir_.write("plan.json", bad.text);
  const Json told = pilot_json(data(), {"plans", "validate", file}, 2);
  EXPECT_EQ(at(told, "ok"), Json(false));
  ASSERT_EQ(list_at(told, "problems").size(), 1u) << to_json(told);
  EXPECT_EQ(text_at(told, "problems/0/code"), bad.code);
  EXPECT_THAT(text_at(told, "problems/0/pointer"), StartsWith(bad.place));
  EXPECT_THAT(text_at(told, "problems/0/message"), HasSubstr(bad.words));
  EXPECT_FALSE(std::filesystem::exists(data()));
}

INSTANTIATE_TEST_SUITE_P(All, CliBadPlan, testing::ValuesIn(bad_plans()),
                         [](const auto& tested) { return tested.param.name; });

class CliBadInput : public testing::Test {
 protected:
  std::filesystem::path data() const { return dir_.path() / "data"; }
  // Refused with these words; nothing is left behind.
  void expect_refused(Arguments args, const std::vector<std::string>& words) {
    const Finished done = pilot(data(), std::move(args));
    EXPECT_EQ(done.code, 2) << done.out << done.err;
    EXPECT_EQ(done.out, "");
    for (const std::string& word : words) EXPECT_THAT(done.err, HasSubstr(word));
    EXPECT_FALSE(std::filesystem::exists(data()));
  }
  TempDir dir_;
};

TEST_F(CliBadInput, AFileThatIsTooLarge) {
  const std::string file = dir_.write("big.json", std::string(2u << 20, ' ') + "{}");
  expect_refused({"run", file}, {file, "1048576"});
  expect_refused({"plans", "validate", file}, {file, "1048576"});
}

TEST_F(CliBadInput, AFileThatIsNotThere) {
  expect_refused({"run", (dir_.path() / "none.yaml").string()}, {"none.yaml", "No such file"});
  expect_refused({"run", dir_.path().string()}, {dir_.path().string(), "directory"});
}

TEST_F(CliBadInput, Yaml) {
  const auto refused = [&](const std::string& text, const std::vector<std::string>& words) {
    const std::string file = dir_.write("plan.yaml", text);
    expect_refused({"run", file}, words);
  };
  refused("steps:\n  - provider: logic\n   action: set\n", {"plan.yaml", "line "});
  refused("steps:\n- {provider: logic, action: set}\nsteps: []\n", {"line 3", "steps"});
  refused("steps:\n- {provider: logic, action: set, params: {x: 1e999}}\n", {"line 2"});
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = fmt::format("*a{}", i - 1);
    std::string items = before;
    for (int n = 1; n < 10; ++n) items += ", " + before;
    bomb += fmt::format("a{}: &a{} [{}]\n", i, i, items);
  }
  refused(bomb, {"plan.yaml", "100000"});
}

TEST_F(CliBadInput, InputsAndOptions) {
  const std::string file = dir_.write(
      "plan.json", quoted("{'inputs':{'type':'object','properties':{'n':{'type':'integer'}}},"
                          "'steps':[{'provider':'logic','action':'set'}]}"));
  expect_refused({"run", file, "--inputs", "{"}, {"--inputs", "line 1"});
  expect_refused({"run", file, "--inputs", "[1]"}, {"--inputs"});
  expect_refused({"run", file, "--input", "novalue"}, {"novalue"});
  expect_refused({"runn", file}, {"runn", "did you mean"});
  expect_refused({"run"}, {"plan"});
  expect_refused({"serve", "--port", "x"}, {"port"});
  expect_refused({"providers", "show", "htttp"}, {"htttp", "\"http\""});
  expect_refused({"providers", "request", "http", "gett"}, {"gett", "\"get\""});
  expect_refused({"providers", "request", "http", "get", "--params", "{"}, {"--params", "line 1"});
  expect_refused({"providers", "request", "http", "get", "--params", "{}"}, {"url"});
  expect_refused({"credentials", "set", "htttp", "api_key"}, {"htttp"});
}

// The engine checks inputs, so here the data directory is made; but no run is.
TEST_F(CliBadInput, WrongInputsMakeNoRun) {
  const std::string file = dir_.write(
      "plan.json", quoted("{'inputs':{'type':'object','properties':{'n':{'type':'integer'}}},"
                          "'steps':[{'provider':'logic','action':'set'}]}"));
  const Finished done = pilot(data(), {"run", file, "--input", "n=many"});
  EXPECT_EQ(done.code, 2) << done.out << done.err;
  EXPECT_THAT(done.err, HasSubstr("/inputs/n"));
  EXPECT_EQ(pilot_json(data(), {"runs", "list"}), Json(JsonArray{}));
}

// Known only while it runs: the step fails, the run ends with an error.
TEST_F(CliBadInput, TooManyItemsAtRunTime) {
  const std::string file = dir_.write(
      "plan.json", quoted("{'inputs':{'type':'object'},'steps':["
                          "{'provider':'logic','action':'set','foreach':'${inputs.list}'}]}"));
  std::string list = "[0";
  for (int i = 0; i < 10'000; ++i) list += ",0";
  const Json told = pilot_json(data(), {"run", file, "--inputs", "{\"list\":" + list + "]}"}, 1);
  EXPECT_EQ(text_at(told, "status"), "error");
  EXPECT_EQ(text_at(told, "steps/0/error/code"), "limit_exceeded") << to_json(at(told, "error"));
}

}  // namespace
}  // namespace pilot::e2e
