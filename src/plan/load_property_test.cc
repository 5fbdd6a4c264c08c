// Random documents of every form, old and new: what loads comes back the same from its own
// document, and compiling answers with a plan or with problems, never with both or neither.
#include <gtest/gtest.h>

#include "base/random.h"
#include "plan/compiled_plan.h"
#include "plan/load.h"

namespace pilot::plan {
namespace {

// Makes documents that are wrong in a place or two at most; many are right.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(make_seeded_random(seed)) {}

  Json document() {
    JsonArray list = steps(0);
    if (one_in(3)) return list;
    JsonObject plan{{"steps", std::move(list)}};
    maybe(plan, "name", {"orders", "\u00fc", ""});
    maybe(plan, "timeout", {"2h", 1.5, 60, "1ms"});
    maybe(plan, "tags", {JsonArray{}, JsonArray{"a", "b"}});
    maybe(plan, "title", {"old"});
    maybe(plan, "inputs", {JsonObject{}, JsonObject{{"type", "object"}}});
    maybe(plan, "trigger",
          {nullptr, JsonObject{{"type", "cron"}, {"cron_expression", "* * * * *"}},
           JsonObject{{"type", "webhook"}, {"config", JsonObject{{"webhook_path", "x"}}}}});
    if (one_in(20)) plan["nme"] = 1;
    return plan;
  }

 private:
  bool one_in(std::uint64_t n) { return random_->next() % n == 0; }
  const Json& any(const std::vector<Json>& values) {
    return values[random_->next() % values.size()];
  }
  void maybe(JsonObject& out, std::string_view key, const std::vector<Json>& values) {
    if (one_in(4)) out[key] = any(values);
  }

  JsonArray steps(int depth) {
    JsonArray list;
    const bool ordered = one_in(4);
    const std::uint64_t count = 1 + random_->next() % 4;
    for (std::uint64_t i = 0; i < count; ++i) {
      JsonObject one = step(depth);
      if (ordered) one["order"] = static_cast<std::int64_t>(random_->next() % 4);
      list.emplace_back(std::move(one));
    }
    return list;
  }

  JsonObject step(int depth) {
    JsonObject out;
    flow(out);
    if (depth < 3 && one_in(5)) {
      out["steps"] = steps(depth + 1);
      if (one_in(2)) out["foreach"] = any({JsonArray{1, 2}, "${steps.0.output}"});
      return out;
    }
    if (one_in(10)) {
      out["type"] = "condition";
      out["condition"] = any({"${inputs.a} == 'x'", "{{step_1.output}} != no", "x"});
      return out;
    }
    out["provider"] = "p";
    out[one_in(2) ? "action" : "action_id"] = "a";
    maybe(out, one_in(2) ? "params" : "parameters",
          {JsonObject{}, JsonObject{{"x", "${inputs.a}"}}, JsonObject{{"x", "{{step_1.output}}"}}});
    maybe(out, "connection", {"shop", "default", nullptr});
    maybe(out, "mock", {nullptr, 1, JsonObject{{"a", 1}}});
    one_in(2) ? maybe(out, "retry", {1, 5, "none", "short", "outage", JsonObject{{"initial", 0.5}}})
              : maybe(out, "retries", {0, 3, 99});
    maybe(out, "timeout", {1, "5m", 0.001, "24h"});
    maybe(out, "on_unknown", {"ask", "retry", "fail"});
    if (one_in(6)) {
      out["type"] = "loop";
      out["loop_config"] = any({JsonObject{{"items_source", "step_1.output"}},
                                JsonObject{{"items_source", JsonArray{1}}, {"max_iterations", 2}}});
      maybe(out, "concurrency", {1, 7});
    }
    return out;
  }

  void flow(JsonObject& out) {
    if (one_in(3)) out["id"] = any({"fetch", "b-1", "_x", "s2", "s3", "s4", 9, "12", 7});
    maybe(out, "step_number", {1, 5, "x"});
    maybe(out, "name", {"Fetch it", ""});
    maybe(out, "description", {"dropped"});
    maybe(out, "depends_on", {"", "step_1", JsonArray{}, JsonArray{1, "2"}, nullptr, 2});
    maybe(out, "on_error", {"stop", "continue", "fetch"});
    if (one_in(8)) {
      out["condition"] = "{{step_1.output}} == 'x'";
      maybe(out, "else_jump", {1, "step_2", "fetch"});
    } else {
      maybe(out, "if", {"${inputs.go}", nullptr});
    }
  }

  std::unique_ptr<Random> random_;
};

TEST(LoadPlan, NormalisingTwiceIsNormalisingOnce) {
  const auto registry = std::make_shared<const providers::Registry>();
  int good = 0;
  constexpr int kDocuments = 600;
  for (std::uint64_t seed = 1; seed <= kDocuments; ++seed) {
    const Json document = Maker(seed).document();
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + to_json(document));
    const CompileOutcome outcome = compile_plan(document, registry);
    ASSERT_EQ(outcome.plan == nullptr, !outcome.problems.empty());
    const Loaded loaded = load_plan(document);
    if (!loaded.problems.empty()) continue;
    ++good;
    const Json once = to_document(loaded.plan);
    const Loaded again = load_plan(once);
    ASSERT_TRUE(again.problems.empty()) << to_json(once) << "\n" << again.problems[0].message;
    ASSERT_EQ(to_json(to_document(again.plan)), to_json(once));
    for (std::size_t i = 0; i < loaded.plan.steps.size(); ++i) {
      ASSERT_EQ(again.plan.steps[i].retry, loaded.plan.steps[i].retry);
      ASSERT_EQ(again.plan.steps[i].timeout, loaded.plan.steps[i].timeout);
      ASSERT_EQ(again.plan.steps[i].cut_at_max, loaded.plan.steps[i].cut_at_max);
      ASSERT_EQ(again.plan.steps[i].depends_on, loaded.plan.steps[i].depends_on);
      ASSERT_EQ(again.plan.steps[i].on_error, loaded.plan.steps[i].on_error);
    }
  }
  EXPECT_GT(good, kDocuments / 4) << "the maker makes too few good documents to prove anything";
}

}  // namespace
}  // namespace pilot::plan
