#include "api/codec_plan.h"

#include <array>

#include "api/plan_cache.h"
#include "api/problem.h"
#include "plan/load.h"

namespace pilot::api {
namespace {

constexpr std::array<std::string_view, 3> kStatuses{"active", "draft", "archived"};
// Members of the old service's envelope that are not part of a plan document.
constexpr std::array<std::string_view, 9> kEnvelope{"id",
                                                    "user_id",
                                                    "original_prompt",
                                                    "plain_english_steps",
                                                    "required_providers",
                                                    "status",
                                                    "created_at",
                                                    "updated_at",
                                                    "version"};

JsonArray texts_json(const std::vector<std::string>& texts) {
  JsonArray out;
  out.reserve(texts.size());
  for (const std::string& entry : texts) out.push_back(text(entry));
  return out;
}

// The envelope's own members, which both forms of a body may have.
Status read_envelope(const JsonObject& object, PlanInput& out) {
  for (const auto& [key, target] :
       {std::pair{"name", &out.name}, std::pair{"original_prompt", &out.original_prompt},
        std::pair{"status", &out.status}}) {
    const Json* value = find(object, key);
    if (value == nullptr || value->is_null()) continue;
    Result<std::string> given = text_member(object, key);
    if (!given) return given.error();
    *target = std::move(*given);
  }
  auto steps = texts_member(object, "plain_english_steps");
  if (!steps) return steps.error();
  out.plain_english_steps = std::move(*steps);
  auto providers = texts_member(object, "required_providers");
  if (!providers) return providers.error();
  out.required_providers = std::move(*providers);
  if (const Json* version = find(object, "version"); version && !version->is_null()) {
    if (!version->is_int64() || version->get_int64() < 1 || version->get_int64() > 1'000'000'000) {
      return invalid("wrong_type", "\"version\" must be a whole number from 1", "/version");
    }
    out.expected_version = static_cast<int>(version->get_int64());
  }
  return ok();
}

Status read_trigger(const JsonObject& object, PlanInput& out) {
  const Json* trigger = find(object, "trigger");
  if (trigger == nullptr) return ok();
  if (!trigger->is_null() && !trigger->is_object()) {
    return invalid("wrong_type", "\"trigger\" must be an object like {\"type\": \"manual\"}",
                   "/trigger");
  }
  out.trigger = *trigger;
  return ok();
}

// Pointers of problems are into the document as it was compiled; a bare list had its steps put
// under /steps for that.
void place(Problems& problems, const Json& document, std::string_view pointer) {
  constexpr std::string_view kSteps = "/steps";
  for (Problem& problem : problems) {
    std::string_view inside = problem.pointer;
    if (document.is_array() && inside.starts_with(kSteps)) inside.remove_prefix(kSteps.size());
    problem.pointer = std::string(pointer) + std::string(inside);
  }
}

void check_texts(const store::StoredPlan& plan, Problems& problems) {
  if (utf8_prefix_characters(plan.name, limits::kPlanName).size() != plan.name.size()) {
    problems.push_back({"/name", "plan_too_large",
                        fmt::format("a name may have {} characters", limits::kPlanName)});
  }
  if (!is_title(plan.name)) {
    problems.push_back({"/name", "invalid_value",
                        "a name may not hold control characters, line ends or invisible marks"});
  }
  if (!is_plan_status(plan.status)) {
    problems.push_back({"/status", "invalid_value", "status is active, draft or archived"});
  }
  std::size_t bytes = plan.original_prompt.size();
  bool nul = plan.original_prompt.find('\0') != std::string::npos;
  for (const std::string& step : plan.plain_english_steps) {
    bytes += step.size();
    nul = nul || step.find('\0') != std::string::npos;
  }
  if (bytes > limits::kPlanBytes) {
    problems.push_back({"", "plan_too_large",
                        fmt::format("prompt and plain English steps may have {} bytes together, "
                                    "these have {}",
                                    limits::kPlanBytes, bytes)});
  }
  if (nul) problems.push_back({"", "invalid_value", "a text may not hold the character U+0000"});
}

}  // namespace

bool is_plan_status(std::string_view text) {
  return std::find(kStatuses.begin(), kStatuses.end(), text) != kStatuses.end();
}

Json plan_json(const store::StoredPlan& plan) {
  JsonObject out;
  out.reserve(12);
  out["id"] = text(plan.id.text);
  out["user_id"] = text(plan.user.text);
  out["name"] = text(plan.name);
  out["original_prompt"] = text(plan.original_prompt);
  out["plan_json"] = plan.document;
  out["plain_english_steps"] = texts_json(plan.plain_english_steps);
  out["required_providers"] = texts_json(plan.required_providers);
  out["trigger"] = plan.trigger;
  out["status"] = text(plan.status);
  out["version"] = plan.version;
  out["created_at"] = text(to_rfc3339(plan.created_at));
  out["updated_at"] = text(to_rfc3339(plan.updated_at));
  return out;
}

Json version_json(const store::PlanVersion& version) {
  return JsonObject{{"plan_id", text(version.plan.text)},
                    {"version", version.version},
                    {"name", text(version.name)},
                    {"plan_json", version.document},
                    {"created_at", text(to_rfc3339(version.created_at))}};
}

Result<PlanInput> read_plan_input(const Request& request, Json body) {
  PlanInput out;
  if (body.is_array()) {
    out.document = std::move(body);
    return out;
  }
  if (!body.is_object()) {
    return invalid("wrong_type", fmt::format("the body must be a plan (an object), not {}",
                                             json_type_name(body)));
  }
  JsonObject& object = body.get_object();
  if (Status same = check_body_user(request, object); !same) return same.error();
  if (Status read = read_envelope(object, out); !read) return read.error();
  if (Json* document = object.if_contains("plan_json")) {
    if (Status read = read_trigger(object, out); !read) return read.error();
    if (!document->is_null()) out.document = std::move(*document);
    out.pointer = "/plan_json";
  } else if (object.contains("steps")) {
    for (const std::string_view key : kEnvelope) object.erase(key);
    out.document = std::move(body);
  } else if (Status read = read_trigger(object, out); !read) {
    return read.error();
  }
  return out;
}

Result<DocumentInput> read_document(const Request& request, Json body) {
  if (JsonObject* object = body.if_object()) {
    if (Status same = check_body_user(request, *object); !same) return same.error();
    for (const std::string_view key : {"plan_json", "plan"}) {
      if (Json* document = object->if_contains(key)) {
        return DocumentInput{std::move(*document), pointer_join("", key)};
      }
    }
    for (const std::string_view key : kEnvelope) object->erase(key);
  }
  return DocumentInput{std::move(body), ""};
}

Checked check_document(const Json& document, std::string_view name, std::string_view pointer,
                       const std::shared_ptr<const providers::Registry>& registry) {
  plan::CompileOutcome outcome = plan::compile_plan(named_document(document, name), registry);
  place(outcome.problems, document, pointer);
  return {std::move(outcome.plan), std::move(outcome.problems)};
}

Applied apply(const PlanInput& input, store::StoredPlan& plan,
              const std::shared_ptr<const providers::Registry>& registry) {
  if (input.document) plan.document = *input.document;
  if (input.name) plan.name = *input.name;
  if (input.original_prompt) plan.original_prompt = *input.original_prompt;
  if (input.plain_english_steps) plan.plain_english_steps = *input.plain_english_steps;
  if (input.required_providers) plan.required_providers = *input.required_providers;
  if (input.status) plan.status = *input.status;
  if (plan.name.empty()) plan.name = string_or(plan.document, "name");

  Problems problems;
  check_texts(plan, problems);
  // A name that is wrong is told once, not again as a part of the document.
  const std::string_view name = problems.empty() ? std::string_view(plan.name) : "plan";
  Checked checked = check_document(plan.document, name, input.pointer, registry);
  plan::Loaded loaded = plan::load_plan(named_document(plan.document, name));
  if (plan.status == "draft") {
    place(loaded.problems, plan.document, input.pointer);
    checked.problems = std::move(loaded.problems);
  }
  problems.insert(problems.end(), checked.problems.begin(), checked.problems.end());
  if (checked.compiled) plan.required_providers = checked.compiled->required_providers;
  Applied out{std::move(checked.compiled), std::move(problems), "/trigger"};
  if (input.trigger) {
    plan.trigger = *input.trigger;
  } else if (input.document && !loaded.plan.trigger.is_null()) {
    plan.trigger = loaded.plan.trigger;
    out.trigger = input.pointer + out.trigger;
  }
  if (plan.name.empty()) plan.name = "Untitled plan";
  return out;
}

Response problems_response(const Problems& problems) {
  Error error = plan::to_error(problems);
  error.kind = ErrorKind::invalid_argument;
  return problem(error, problems);
}

}  // namespace pilot::api
