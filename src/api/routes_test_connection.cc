// Does a connection work? /api/provider-credentials/{provider}/test makes the call that the
// provider names for this: one that changes nothing. /api/custom-integrations/{id}/test makes one
// of the user's choice.
#include <algorithm>
#include <array>

#include "api/body.h"
#include "api/codec_plan.h"
#include "api/connection.h"
#include "api/problem.h"
#include "api/services.h"
#include "engine/connections.h"
#include "engine/step_errors.h"
#include "providers/custom_manifest.h"

namespace pilot::api {
namespace {

constexpr Millis kWait{35'000};  // the call's own 30 s, and a little

// The call that proves it.
struct Proof {
  std::string connection = "default";
  std::string action;
  Json params = JsonObject{};
};

// The one that the provider names. A list proves as much with one item.
Proof usual_proof(const providers::Provider& provider) {
  Proof out{.action = provider.test_action};
  const providers::Action* action = provider.find(provider.test_action);
  const Json* properties = action == nullptr ? nullptr : find(action->params, "properties");
  if (properties != nullptr && find(*properties, "limit") != nullptr) {
    out.params.get_object()["limit"] = 1;
  }
  return out;
}

Json one_step(const providers::Provider& provider, const Proof& proof) {
  JsonObject step{{"id", "test"},
                  {"provider", text(provider.name)},
                  {"action", text(proof.action)},
                  {"connection", text(proof.connection)},
                  {"params", proof.params},
                  {"retry", "none"}};
  return JsonObject{{"name", "connection test"}, {"steps", JsonArray{std::move(step)}}};
}

JsonObject verdict(const providers::Provider& provider, const Proof& proof,
                   engine::Executed executed) {
  const bool ran = !executed.steps.empty();
  const bool good = ran && executed.steps.front().status == "success";
  JsonObject out{{"ok", good},
                 {"provider", text(provider.name)},
                 {"connection", text(proof.connection)},
                 {"action", text(proof.action)},
                 {"message", text(good  ? "the connection works"
                                  : ran ? executed.steps.front().message
                                        : string_or(executed.run.error, "message"))}};
  if (!good) out["error"] = ran ? std::move(executed.steps.front().error) : executed.run.error;
  if (good) out["output"] = std::move(executed.steps.front().output).take();
  out["run_id"] = text(executed.run.id.text);
  return out;
}

// A run of one step. None: `refusal` says why there is no verdict.
awaitable<std::optional<JsonObject>> prove(ApiPtr api, Request& request, FoundProvider found,
                                           Proof proof, Response& refusal) {
  Json document = one_step(*found, proof);
  Checked checked = check_document(document, "", "", found.registry);
  if (!checked.compiled) {
    refusal = problems_response(checked.problems);
    co_return std::nullopt;
  }
  engine::StartRun start;
  start.user = request.principal;
  start.id = request.run;
  start.document = std::move(document);
  start.compiled = std::move(checked.compiled);
  Result<engine::Executed> executed =
      co_await api->services.engine.execute(request.shard, std::move(start), kWait);
  if (!executed) {
    refusal = problem(executed.error());
    co_return std::nullopt;
  }
  if (executed->run.reason == engine::kNeedsReauth) {
    // Nobody wants the run that waits for it. If it cannot be ended now, it finds nothing to do.
    const auto ended =
        co_await api->services.engine.cancel(request.shard, request.principal, executed->run.id);
    if (ended) executed->run = *ended;
    executed->run.error = to_json_value(engine::to_step_error(
        engine::needs_reauth({request.principal, found->name, proof.connection})));
    co_return verdict(*found, proof, std::move(*executed));
  }
  if (!is_terminal(executed->run.state)) {
    refusal = problem(unavailable("test_not_done", "the test has not ended yet; see its run"));
    co_return std::nullopt;
  }
  co_return verdict(*found, proof, std::move(*executed));
}

awaitable<Response> test(ApiPtr api, Request& request) {
  const auto found = co_await find_provider(api, request.principal, request.param("provider"));
  if (!found) co_return problem(found.error());
  const Result<JsonObject> body = read_optional_object(request);
  if (!body) co_return problem(body.error());
  if (Status known = refuse_unknown(*body, {"connection", "user_id"}); !known) {
    co_return problem(known.error());
  }
  const Result<std::string> connection = text_member(*body, "connection", "default");
  if (!connection) co_return problem(connection.error());
  if ((*found)->test_action.empty()) {
    co_return problem(invalid("no_test", fmt::format("{} names no call that proves a connection "
                                                     "without changing anything",
                                                     (*found)->name)));
  }
  Proof proof = usual_proof(**found);
  proof.connection = *connection;
  Response refusal;
  const auto said = co_await prove(api, request, *found, std::move(proof), refusal);
  if (!said) co_return refusal;
  co_return json_response(Json(*said));
}

// What proves a custom integration: the action that is asked for, that of its manifest, or a look
// at its base URL, where any answer but a refusal of the credentials will do.
Result<Proof> custom_proof(const providers::Provider& provider, const JsonObject& body) {
  const Result<std::string> connection = text_member(body, "connection", "default");
  if (!connection) return connection.error();
  Result<std::string> action = text_member(body, "action_id", "");
  if (!action) return action.error();
  Proof out = provider.test_action.empty() ? Proof{.action = "request"} : usual_proof(provider);
  if (provider.test_action.empty()) out.params = JsonObject{{"path", "/"}};
  if (!action->empty()) {
    out.action = std::move(*action);
    out.params = JsonObject{};
  }
  for (const std::string_view key : {"params", "parameters"}) {
    if (const Json* given = find(body, key)) out.params = *given;
  }
  out.connection = *connection;
  return out;
}

// What a call says of the credentials: that they are good, that the service refuses them, or
// nothing: a server that is away, busy or broken has not looked at them.
enum class Finding { good, refused, nothing };

Finding finding_of(const JsonObject& said) {
  if (said.at("ok").get_bool()) return Finding::good;
  const Json* error = find(said, "error");
  if (error == nullptr) return Finding::nothing;
  const Json* status = find(*error, "http_status");
  if (status != nullptr && (*status == Json(401) || *status == Json(403))) return Finding::refused;
  constexpr std::array<std::string_view, 5> kRefused{"unauthorized", engine::kNeedsReauth,
                                                     "missing_credentials", "invalid_grant",
                                                     "token_refused"};
  const bool refused = std::ranges::find(kRefused, string_or(*error, "code")) != kRefused.end();
  return refused ? Finding::refused : Finding::nothing;
}

// A look at the server: it is there, and knows who asks or does not care.
bool any_answer_will_do(const Proof& proof, const JsonObject& said) {
  const Json* error = find(said, "error");
  const Json* status = error == nullptr ? nullptr : find(*error, "http_status");
  if (proof.action != "request" || status == nullptr || !status->is_int64()) return false;
  const std::int64_t code = status->get_int64();
  constexpr std::array<std::int64_t, 6> kNot{401, 403, 407, 408, 425, 429};
  return code >= 300 && code < 500 && std::ranges::find(kNot, code) == kNot.end();
}

// The row keeps what was found, unless nothing was. It is about the credentials of `default`: those
// of the other connections are not the integration's own.
awaitable<Status> note(ApiPtr api, UserId user, CustomIntegrationId id, const Proof& proof,
                       Finding finding) {
  if (finding == Finding::nothing || proof.connection != "default") co_return ok();
  co_return co_await api->services.store.note_validation(
      std::move(user), std::move(id), finding == Finding::good, api->services.clock.now());
}

awaitable<Response> test_custom(ApiPtr api, Request& request) {
  const CustomIntegrationId id{request.param("id")};
  store::Store& store = api->services.store;
  const auto integration = co_await store.find_integration(request.principal, id);
  if (!integration) co_return problem(integration.error());
  const Result<JsonObject> body = read_optional_object(request);
  if (!body) co_return problem(body.error());
  if (Status known =
          refuse_unknown(*body, {"action_id", "params", "parameters", "connection", "user_id"});
      !known) {
    co_return problem(known.error());
  }
  const auto found =
      co_await find_provider(api, request.principal, providers::custom_alias(*integration));
  if (!found) co_return problem(found.error());
  Result<Proof> proof = custom_proof(**found, *body);
  if (!proof) co_return problem(proof.error());
  Response refusal;
  auto said = co_await prove(api, request, *found, *proof, refusal);
  if (!said) co_return refusal;
  const Finding finding = finding_of(*said);
  if (any_answer_will_do(*proof, *said)) {
    (*said)["ok"] = true;
    (*said)["message"] = "the server answers, and does not refuse the credentials";
  }
  const Status noted = co_await note(api, request.principal, id, *proof, finding);
  if (!noted) co_return problem(noted.error());
  (*said)["is_valid"] =
      finding == Finding::nothing ? Json(nullptr) : Json(finding == Finding::good);
  (*said)["success"] = (*said)["ok"];  // the old service's word for it
  co_return json_response(Json(std::move(*said)));
}

}  // namespace

void register_connection_test(Router& router, const ApiPtr& api) {
  router.add({Method::post, "/api/provider-credentials/{provider}/test", Scope::credentials,
              "test_connection", "Calls the provider to see whether a connection works"},
             [api](Request& request) { return test(api, request); });
  router.add(
      {Method::post, "/api/custom-integrations/{id}/test", Scope::run, "test_custom_integration",
       "Calls an action of a custom integration, or just its server, to see whether it works"},
      [api](Request& request) { return test_custom(api, request); });
}

}  // namespace pilot::api
