// Plans between JSON and the store: the old service's envelope ({name, plan_json, ...}) and the
// plan document itself, both ways. Checked and compiled here. Pure; any thread.
#pragma once

#include "api/body.h"
#include "model/problem.h"
#include "plan/compiled_plan.h"
#include "store/plan_store.h"

namespace pilot::api {

// {id, user_id, name, original_prompt, plan_json, plain_english_steps, required_providers, trigger,
// status, version, created_at, updated_at}
Json plan_json(const store::StoredPlan& plan);
Json version_json(const store::PlanVersion& version);

bool is_plan_status(std::string_view text);

// What a body says of a plan: what is absent stays as it is (PUT) or gets its default (POST).
struct PlanInput {
  std::optional<std::string> name;
  std::optional<std::string> original_prompt;
  std::optional<Json> document;
  std::optional<std::vector<std::string>> plain_english_steps;
  std::optional<std::vector<std::string>> required_providers;
  std::optional<Json> trigger;
  std::optional<std::string> status;
  int expected_version = 0;
  std::string pointer;  // where the document stands in the body: "/plan_json" or ""
};
Result<PlanInput> read_plan_input(const Request& request, Json body);

// The document of a body that is only about checking: {plan_json}, {plan}, or the document itself.
struct DocumentInput {
  Json document;
  std::string pointer;
};
Result<DocumentInput> read_document(const Request& request, Json body);

// Problems of `document` under the name `name`, with pointers below `pointer`, as the client wrote
// it.
struct Checked {
  std::shared_ptr<const plan::CompiledPlan> compiled;  // null: there are problems
  Problems problems;
};
Checked check_document(const Json& document, std::string_view name, std::string_view pointer,
                       const std::shared_ptr<const providers::Registry>& registry);

// Puts `input` into `plan` and checks the outcome: all problems at once. A draft needs to be
// readable only; anything else must compile. required_providers are those of the compiled plan.
struct Applied {
  std::shared_ptr<const plan::CompiledPlan> compiled;  // null: a draft, or there are problems
  Problems problems;
  std::string trigger;  // where the plan's trigger stands in the body
};
Applied apply(const PlanInput& input, store::StoredPlan& plan,
              const std::shared_ptr<const providers::Registry>& registry);

// 422 with every problem.
Response problems_response(const Problems& problems);

}  // namespace pilot::api
