#include <gmock/gmock.h>

#include "providers/call_for_test.h"
#include "providers/duration.h"

namespace pilot::providers {
namespace {

using testing::HasSubstr;

// Output as JSON, or the error's code.
std::string run(const char* action, std::string_view params) {
  const TestCall call("logic", action, params);
  if (!call.checked) return "refused: " + call.checked.error().code;
  const LogicOutcome outcome = call.run();
  if (const auto* sleep = std::get_if<SleepUntil>(&outcome)) return to_rfc3339(sleep->when);
  if (const auto* stop = std::get_if<StopRun>(&outcome)) return "stop " + to_json(stop->output);
  const auto& result = std::get<ProviderResult>(outcome);
  return result.success ? to_json(result.output) : result.error->code;
}

TEST(Logic, SetGivesItsParams) {
  EXPECT_EQ(run("set", R"({"x":1,"y":{"z":[true,null]}})"), R"({"x":1,"y":{"z":[true,null]}})");
  EXPECT_EQ(run("set", "{}"), "{}");
}

TEST(Logic, TemplateGivesText) {
  EXPECT_EQ(run("template", R"({"template":"Hello Ann"})"), R"("Hello Ann")");
  EXPECT_EQ(run("template", R"({"text":"Hi"})"), R"("Hi")");
  EXPECT_EQ(run("transform", R"({"template":{"a":[1,2]}})"), R"("{\"a\":[1,2]}")");
  EXPECT_EQ(run("template", R"({"template":12.5})"), R"("12.5")");
  EXPECT_EQ(run("template", "{}"), "refused: missing_param");
  EXPECT_EQ(run("transform", R"({"program":".a","template":"x"})"), "invalid_value");
}

TEST(Logic, TransformRunsAProgram) {
  EXPECT_EQ(run("transform", R"({"program":".a + 1","input":{"a":2}})"), "3");
  EXPECT_EQ(run("transform", R"({"program":"$x + .","input":1,"vars":{"x":41}})"), "42");
  EXPECT_EQ(run("transform", R"({"program":"empty"})"), "null");
  EXPECT_EQ(run("transform", R"({"program":".[]","input":[1,2]})"), "many_outputs");
  EXPECT_EQ(run("transform", R"({"program":".a","input":[1]})"), "program_failed");
  EXPECT_EQ(run("transform", R"({"program":"def f: f; f"})"), "expression_timeout");
  EXPECT_EQ(run("transform", R"({"program":"\"x\" * 1e9"})"), "expression_too_large");
  EXPECT_EQ(run("transform", R"({"program":".a +"})"), "invalid_program");
  EXPECT_EQ(run("transform", R"({"program":"now | todate"})"), "\"2027-01-15T08:00:00Z\"");
  EXPECT_EQ(run("transform", R"({"program":1})"), "refused: wrong_type");
}

TEST(Logic, FilterKeepsItems) {
  EXPECT_EQ(
      run("filter", R"({"program":".n > $least","input":[{"n":1},{"n":3}],"vars":{"least":2}})"),
      R"([{"n":3}])");
  EXPECT_EQ(run("filter", R"({"program":".","input":[null,0,false,""]})"), R"([0,""])");
  EXPECT_EQ(run("filter", R"({"program":".a","input":[1]})"), "program_failed");
  EXPECT_EQ(run("filter", R"({"program":".","input":{}})"), "refused: wrong_type");
}

TEST(Logic, ProgramsAreCheckedWhenAPlanIsSaved) {
  const auto problem = [](const char* action, std::string_view params) {
    Problems problems;
    native_registry().find("logic")->find(action)->check(*parse_json(params), "/steps/0/params",
                                                         problems);
    return problems.empty()
               ? ""
               : problems[0].code + " " + problems[0].pointer + " " + problems[0].message;
  };
  EXPECT_EQ(problem("transform", R"({"program":".a | lenght"})"),
            "invalid_program /steps/0/params/program line 1, column 6: there is no function "
            "lenght/0 (did you mean \"length\"?)");
  EXPECT_EQ(problem("transform", R"({"program":"$a","vars":{"a":1}})"), "");
  EXPECT_EQ(problem("transform", R"({"program":"$b","vars":"${inputs.all}"})"), "");
  EXPECT_THAT(problem("transform", R"({"program":"$b","vars":{"a":1}})"), HasSubstr("$b"));
  EXPECT_THAT(problem("transform", R"({"program":"1","vars":{"a-b":1}})"),
              HasSubstr("/steps/0/params/vars/a-b"));
  EXPECT_THAT(problem("filter", R"({"program":"env"})"), HasSubstr("does not exist here"));
}

TEST(Logic, Merge) {
  EXPECT_EQ(run("merge", R"({"values":[{"a":1,"b":{"x":1}},null,{"b":{"y":2},"c":3}]})"),
            R"({"a":1,"b":{"y":2},"c":3})");
  EXPECT_EQ(run("merge", R"({"deep":true,"values":[{"b":{"x":1,"l":[1]}},{"b":{"y":2,"l":[2]}}]})"),
            R"({"b":{"x":1,"l":[2],"y":2}})");
  EXPECT_EQ(run("merge", R"({"values":[[1,2],[],[3]]})"), "[1,2,3]");
  EXPECT_EQ(run("merge", R"({"values":[null]})"), "{}");
  EXPECT_EQ(run("merge", R"({"values":[[1],{"a":1}]})"), "invalid_value");
  EXPECT_EQ(run("merge", R"({"values":[1]})").substr(0, 8), "refused:");
  EXPECT_EQ(run("merge", "{}"), "refused: missing_param");
}

TEST(Logic, WaitSaysUntilWhen) {
  EXPECT_EQ(run("wait", R"({"seconds":0})"), "2027-01-15T08:00:00Z");
  EXPECT_EQ(run("wait", R"({"seconds":1.5})"), "2027-01-15T08:00:01.5Z");
  EXPECT_EQ(run("wait", R"({"duration":"90s"})"), "2027-01-15T08:01:30Z");
  EXPECT_EQ(run("wait", R"({"duration":"2h"})"), "2027-01-15T10:00:00Z");
  EXPECT_EQ(run("wait", R"({"duration":"1d"})"), "2027-01-16T08:00:00Z");
  EXPECT_EQ(run("wait", R"({"until":"2027-02-01T00:00:00+01:00"})"), "2027-01-31T23:00:00Z");
  EXPECT_EQ(run("wait", R"({"until":"2020-01-01T00:00:00Z"})"), "2027-01-15T08:00:00Z");
  EXPECT_EQ(run("wait", R"({"seconds":31622400})"), "2028-01-16T08:00:00Z");  // 366 days
}

TEST(Logic, WaitsThatCannotBe) {
  EXPECT_EQ(run("wait", R"({"seconds":31622401})"), "wait_too_long");
  EXPECT_EQ(run("wait", R"({"seconds":1e300})"), "wait_too_long");
  EXPECT_EQ(run("wait", R"({"duration":"367d"})"), "wait_too_long");
  EXPECT_EQ(run("wait", R"({"until":"2099-01-01T00:00:00Z"})"), "wait_too_long");
  EXPECT_EQ(run("wait", R"({"seconds":1,"duration":"1s"})"), "invalid_value");
  EXPECT_EQ(run("wait", R"({"duration":"soon"})"), "invalid_value");
  EXPECT_EQ(run("wait", R"({"seconds":-1})").substr(0, 8), "refused:");
  EXPECT_EQ(run("wait", R"({"until":"tomorrow"})").substr(0, 8), "refused:");
  EXPECT_EQ(run("wait", "{}"), "refused: missing_param");
}

TEST(Logic, Fail) {
  const TestCall call("logic", "fail", R"({"message":"no stock","code":"no_stock"})");
  const LogicOutcome outcome = call.run();
  const StepError& error = *std::get<ProviderResult>(outcome).error;
  EXPECT_EQ(error.code, "no_stock");
  EXPECT_EQ(error.message, "no stock");
  EXPECT_FALSE(error.retryable);
  EXPECT_EQ(run("fail", "{}"), "failed");
  EXPECT_EQ(run("fail", R"({"code":"Not Snake"})").substr(0, 8), "refused:");
}

TEST(Logic, Stop) {
  EXPECT_EQ(run("stop", R"({"output":{"done":true}})"), R"(stop {"done":true})");
  EXPECT_EQ(run("stop", "{}"), "stop null");
}

TEST(Duration, AsPeopleWriteIt) {
  const auto seconds = [](std::string_view text) {
    const auto parsed = parse_duration(text);
    return parsed ? std::chrono::duration<double>(*parsed).count() : -1.0;
  };
  EXPECT_EQ(seconds("250ms"), 0.25);
  EXPECT_EQ(seconds("90s"), 90);
  EXPECT_EQ(seconds("1.5h"), 5400);
  EXPECT_EQ(seconds(" 2h 30m "), 9000);
  EXPECT_EQ(seconds("1w"), 604800);
  EXPECT_EQ(seconds("2 days"), 172800);
  EXPECT_EQ(seconds("0s"), 0);
  for (const char* bad : {"", " ", "5", "s", "5x", "-5s", "5s5", "1e3s", "inf s", "nan", "5S",
                          "99999999999999999999d", "1h,2m"}) {
    EXPECT_EQ(seconds(bad), -1) << bad;
  }
}

}  // namespace
}  // namespace pilot::providers
