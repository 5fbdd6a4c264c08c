// Any JSON as a plan document: loading and compiling never crash, problems have places that are in
// the document's shape, and normalising twice is normalising once.
#include "base/assert.h"
#include "model/limits.h"
#include "plan/compiled_plan.h"
#include "plan/load.h"

namespace pilot::plan {
namespace {

std::shared_ptr<const providers::Registry> fuzz_registry() {
  auto registry = std::make_shared<providers::Registry>();
  const auto action = [](std::string name, Json params) {
    providers::Action out;
    out.name = std::move(name);
    out.params = std::move(params);
    out.code_params = {"code"};
    out.body = providers::LogicAction{[](const providers::Call&) -> providers::LogicOutcome {
      return ProviderResult::ok(nullptr);
    }};
    return out;
  };
  providers::Provider logic;
  logic.name = "logic";
  registry->add(std::move(logic)).add(action("set", JsonObject{}));
  providers::Provider other;
  other.name = "p";
  const Json text{{"type", "string"}};
  registry->add(std::move(other))
      .add(action("a", JsonObject{{"type", "object"},
                                  {"properties", JsonObject{{"to", text}, {"code", text}}},
                                  {"required", JsonArray{"to"}}}));
  return registry;
}

void check(std::string_view text, const std::shared_ptr<const providers::Registry>& registry) {
  const Result<Json> document = parse_json(text);
  if (!document) return;
  const Loaded loaded = load_plan(*document);
  const CompileOutcome compiled = compile_plan(*document, registry);
  PILOT_ASSERT((compiled.plan == nullptr) == !compiled.problems.empty());
  PILOT_ASSERT(loaded.problems.empty() || !compiled.problems.empty());
  if (!compiled.problems.empty()) PILOT_ASSERT(!to_error(compiled.problems).message.empty());
  if (!loaded.problems.empty()) return;

  const Json once = to_document(loaded.plan);
  if (json_size(once) > limits::kPlanBytes) return;  // default ids can push it over
  const Loaded again = load_plan(once);
  PILOT_ASSERT(again.problems.empty());
  PILOT_ASSERT(to_document(again.plan) == once);
  const CompileOutcome recompiled = compile_plan(once, registry);
  PILOT_ASSERT((recompiled.plan == nullptr) == (compiled.plan == nullptr));
}

}  // namespace
}  // namespace pilot::plan

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const auto registry = pilot::plan::fuzz_registry();
  pilot::plan::check({reinterpret_cast<const char*>(bytes), size}, registry);
  return 0;
}
