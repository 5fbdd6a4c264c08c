// pilot plans list|show|save|rm|validate|run
#include <fmt/format.h>

#include "app/commands.h"
#include "app/output.h"
#include "app/own_providers.h"
#include "app/plan_file.h"
#include "app/registry.h"
#include "base/log.h"
#include "http/url.h"

namespace pilot::app {
namespace {

// A plan's answer comes alone or as {plan: {...}}.
const Json& plan_in(const Json& answer) {
  const Json* plan = find(answer, "plan");
  return plan != nullptr && plan->is_object() ? *plan : answer;
}

}  // namespace

int plans_list(const GlobalOptions& global, const ListOptions& options) {
  Result<Session> session = Session::open(global);
  if (!session) return refuse(session.error());
  std::string target = fmt::format("/api/plans?limit={}", options.limit);
  if (!options.status.empty()) target += "&status=" + http::encode_component(options.status);
  const Result<Json> answer = session->client().expect("GET", target);
  if (!answer) return refuse(answer.error());
  const Json* plans = find(*answer, "plans");
  if (global.json) {
    print_json(plans != nullptr ? *plans : Json(JsonArray{}));
    return kExitOk;
  }
  std::vector<std::vector<std::string>> rows{{"ID", "NAME", "STATUS", "VERSION", "UPDATED"}};
  for (const Json& plan : plans->get_array()) {
    rows.push_back({field(plan, "id"), one_line(field(plan, "name"), 40), field(plan, "status"),
                    field(plan, "version"), field(plan, "updated_at")});
  }
  if (rows.size() == 1) {
    print_line("no plans yet; save one with: pilot plans save FILE");
  } else {
    fmt::print("{}", table(rows));
  }
  return kExitOk;
}

int plans_show(const GlobalOptions& global, const std::string& id) {
  Result<Session> session = Session::open(global);
  if (!session) return refuse(session.error());
  const Result<Json> answer =
      session->client().expect("GET", "/api/plans/" + http::encode_segment(id));
  if (!answer) return refuse(answer.error());
  print_json(plan_in(*answer));
  return kExitOk;
}

int plans_save(const GlobalOptions& global, const std::string& file, const std::string& id) {
  Result<Json> document = read_document(file);
  if (!document) return refuse(document.error());
  Result<Session> session = Session::open(global);
  if (!session) return refuse(session.error());
  JsonObject body;
  const std::string_view name = string_or(*document, "name");
  body["name"] = name.empty() ? std::string_view(file) : name;
  if (const Json* trigger = find(*document, "trigger")) body["trigger"] = *trigger;
  body["plan_json"] = std::move(*document);
  const Result<Json> answer =
      id.empty() ? session->client().expect("POST", "/api/plans", body)
                 : session->client().expect("PUT", "/api/plans/" + http::encode_segment(id), body);
  if (!answer) return refuse(answer.error().prefixed(file));
  const Json& plan = plan_in(*answer);
  if (global.json) {
    print_json(plan);
  } else {
    print_line(fmt::format("saved {} as version {}: {}", field(plan, "name"),
                           field(plan, "version"), field(plan, "id")));
  }
  return kExitOk;
}

int plans_remove(const GlobalOptions& global, const std::string& id) {
  Result<Session> session = Session::open(global);
  if (!session) return refuse(session.error());
  const Result<Json> answer =
      session->client().expect("DELETE", "/api/plans/" + http::encode_segment(id));
  if (!answer) return refuse(answer.error());
  if (!global.json) print_line("removed " + printable(id));
  return kExitOk;
}

int plans_validate(const GlobalOptions& global, const std::string& file) {
  const Result<Json> document = read_document(file);
  JsonArray problems;
  if (!document && !global.json) return refuse(document.error());
  if (!document) {
    problems.push_back(JsonObject{{"pointer", document.error().pointer},
                                  {"code", document.error().code_or_kind()},
                                  {"message", document.error().message}});
  } else {
    Problems found = plan::compile_plan(*document, make_registry(global.catalog)).problems;
    if (may_name_own(global, found)) {
      Result<Problems> told = problems_of_server(global, *document);
      if (!told) return refuse(told.error().prefixed(file));
      found = std::move(*told);
    }
    for (const Problem& problem : found) {
      problems.push_back(JsonObject{
          {"pointer", problem.pointer}, {"code", problem.code}, {"message", problem.message}});
    }
  }
  const bool fine = problems.empty();
  if (global.json) {
    print_json(JsonObject{{"ok", fine}, {"problems", problems}});
  } else if (fine) {
    print_line(printable(file) + " is fine");
  } else {
    for (const Json& problem : problems) {
      fmt::print(stderr, "{}: {}: {} [{}]\n", printable(file),
                 field(problem, "pointer").empty() ? "/" : field(problem, "pointer"),
                 field(problem, "message"), field(problem, "code"));
    }
  }
  return fine ? kExitOk : kExitRefused;
}

int plans_run(const GlobalOptions& global, const std::string& id, const RunOptions& options) {
  Result<Json> inputs = read_inputs(options.inputs, options.input);
  if (!inputs) return refuse(inputs.error());
  Result<Session> session = Session::open(global);
  if (!session) return refuse(session.error());
  const Result<Json> plan =
      session->client().expect("GET", "/api/plans/" + http::encode_segment(id));
  if (!plan) return refuse(plan.error());
  const Result<Json> started = session->client().expect(
      "POST", "/api/runs", JsonObject{{"plan_id", id}, {"inputs", std::move(*inputs)}});
  if (!started) return refuse(started.error());
  const Json* document = find(plan_in(*plan), "plan_json");
  auto compiled =
      plan::compile_plan(document ? *document : Json(nullptr), make_registry(global.catalog));
  return watch_run(global, *session, field(*started, "id"), compiled.plan);
}

}  // namespace pilot::app
