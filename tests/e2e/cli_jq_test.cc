// pilot jq, as a person tries a program before it goes into a plan; and plans that hold programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "pilot.h"

namespace pilot::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class CliJq : public testing::Test {
 protected:
  Finished run(Arguments args, const std::string& input = "null") const {
    args.insert(args.begin(), "jq");
    return pilot(dir_.path() / "data", std::move(args), input);
  }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(dir_.path() / name) << text;
    return dir_.path() / name;
  }
  TempDir dir_;
};

TEST_F(CliJq, PrintsOutputs) {
  const Finished compact = run({"-c", ".[] | {id}"}, R"([{"id":1,"x":2},{"id":2}])");
  EXPECT_EQ(compact.code, 0) << compact.err;
  EXPECT_EQ(compact.out, "{\"id\":1}\n{\"id\":2}\n");
  EXPECT_EQ(run({"."}, R"({"a":[1]})").out, "{\n  \"a\": [\n    1\n  ]\n}\n");
  EXPECT_EQ(run({"-r", ".a"}, R"({"a":"x y"})").out, "x y\n");
  EXPECT_EQ(run({"-n", "1 + 2"}).out, "3\n");
  EXPECT_EQ(run({"-n", "--var", "who=Ada", "--var", "n=2", "-c", "[$who, $n]"}).out,
            "[\"Ada\",2]\n");
  EXPECT_EQ(run({"-c", ".a", write("in.json", R"({"a":[9007199254740993]})")}).out,
            "[9007199254740993]\n");
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "data")) << "it needs no data directory";
}

TEST_F(CliJq, TellsWhatIsWrong) {
  const Finished name = run({".a | lenght"});
  EXPECT_EQ(name.code, 2);
  EXPECT_THAT(name.err, AllOf(HasSubstr("line 1, column 6"), HasSubstr("\"length\"")));
  const Finished failed = run({".a"}, "[1]");
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.err, HasSubstr("Cannot index array with string \"a\""));
  const Finished endless = run({"-n", "def f: f; f"});
  EXPECT_EQ(endless.code, 1);
  EXPECT_THAT(endless.err, HasSubstr("100 ms"));
  EXPECT_EQ(run({"."}, "{\"a\":").code, 2);
  EXPECT_EQ(run({".", "/does/not/exist"}).code, 2);
  EXPECT_EQ(run({"-n", "--var", "x", "1"}).code, 2);
  EXPECT_THAT(run({"-n", "env.HOME"}).err, HasSubstr("does not exist here"));
}

TEST_F(CliJq, PlansRunPrograms) {
  const auto plan = write("plan.yaml", R"(
inputs: {type: object, properties: {least: {type: number, default: 100}}}
steps:
  - id: orders
    provider: logic
    action: set
    params: {list: [{id: 1, total: 80}, {id: 2, total: 120}, {id: 3, total: 200}]}
  - id: large
    provider: logic
    action: filter
    params:
      input: ${steps.orders.output.list}
      program: .total >= $least
      vars: {least: "${inputs.least}"}
  - id: many
    if: (.steps.large.output | length) > 1 and .inputs.least == 100
    provider: logic
    action: transform
    params: {input: "${steps.large.output}", program: "{n: length, sum: (map(.total) | add)}"}
  - {id: never, if: .steps.many.output.n > 2, provider: logic, action: set, params: {x: 1}}
)");
  const Json told = pilot_json(dir_.path() / "data", {"run", plan});
  std::map<std::string, Json> steps;
  for (const Json& step : list_at(told, "steps")) steps[text_at(step, "id")] = step;
  EXPECT_EQ(to_json(at(steps["many"], "output")), R"({"n":2,"sum":320})");
  EXPECT_EQ(text_at(steps["never"], "status"), "skipped");
}

}  // namespace
}  // namespace pilot::e2e
