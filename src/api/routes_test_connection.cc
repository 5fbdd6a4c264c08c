// Does a connection work? /api/provider-credentials/{provider}/test makes the call that the
// provider names for this: one that changes nothing.
#include "api/body.h"
#include "api/codec_plan.h"
#include "api/connection.h"
#include "api/problem.h"
#include "api/services.h"
#include "engine/connections.h"
#include "engine/step_errors.h"

namespace pilot::api {
namespace {

constexpr Millis kWait{35'000};  // the call's own 30 s, and a little

Json one_step(const providers::Provider& provider, const std::string& connection) {
  const providers::Action* action = provider.find(provider.test_action);
  JsonObject params;
  // A list proves as much with one item.
  const Json* properties = action == nullptr ? nullptr : find(action->params, "properties");
  if (properties != nullptr && find(*properties, "limit") != nullptr) params["limit"] = 1;
  JsonObject step{{"id", "test"},
                  {"provider", provider.name},
                  {"action", provider.test_action},
                  {"connection", connection},
                  {"params", std::move(params)},
                  {"retry", "none"}};
  return JsonObject{{"name", "connection test"}, {"steps", JsonArray{std::move(step)}}};
}

Json verdict(const providers::Provider& provider, const std::string& connection,
             engine::Executed executed) {
  const bool ran = !executed.steps.empty();
  const bool good = ran && executed.steps.front().status == "success";
  JsonObject out{{"ok", good},
                 {"provider", text(provider.name)},
                 {"connection", text(connection)},
                 {"action", text(provider.test_action)},
                 {"message", text(good  ? "the connection works"
                                  : ran ? executed.steps.front().message
                                        : string_or(executed.run.error, "message"))}};
  if (!good) out["error"] = ran ? std::move(executed.steps.front().error) : executed.run.error;
  out["run_id"] = text(executed.run.id.text);
  return out;
}

awaitable<Response> test(ApiPtr api, Request& request) {
  const auto registry = api->services.registry;
  const auto provider = find_provider(*registry, request.param("provider"));
  if (!provider) co_return problem(provider.error());
  const Result<JsonObject> body = read_optional_object(request);
  if (!body) co_return problem(body.error());
  if (Status known = refuse_unknown(*body, {"connection", "user_id"}); !known) {
    co_return problem(known.error());
  }
  const Result<std::string> connection = text_member(*body, "connection", "default");
  if (!connection) co_return problem(connection.error());
  if ((*provider)->test_action.empty()) {
    co_return problem(invalid("no_test", fmt::format("{} names no call that proves a connection "
                                                     "without changing anything",
                                                     (*provider)->name)));
  }
  Json document = one_step(**provider, *connection);
  Checked checked = check_document(document, "", "", registry);
  if (!checked.compiled) co_return problems_response(checked.problems);
  engine::StartRun start;
  start.user = request.principal;
  start.id = request.run;
  start.document = std::move(document);
  start.compiled = std::move(checked.compiled);
  Result<engine::Executed> executed =
      co_await api->services.engine.execute(request.shard, std::move(start), kWait);
  if (!executed) co_return problem(executed.error());
  if (executed->run.reason == engine::kNeedsReauth) {
    // Nobody wants the run that waits for it. If it cannot be ended now, it finds nothing to do.
    const auto ended =
        co_await api->services.engine.cancel(request.shard, request.principal, executed->run.id);
    if (ended) executed->run = *ended;
    executed->run.error = to_json_value(engine::to_step_error(
        engine::needs_reauth({request.principal, (*provider)->name, *connection})));
    co_return json_response(verdict(**provider, *connection, std::move(*executed)));
  }
  if (!is_terminal(executed->run.state)) {
    co_return problem(unavailable("test_not_done", "the test has not ended yet; see its run"));
  }
  co_return json_response(verdict(**provider, *connection, std::move(*executed)));
}

}  // namespace

void register_connection_test(Router& router, const ApiPtr& api) {
  router.add({Method::post, "/api/provider-credentials/{provider}/test", Scope::credentials,
              "test_connection", "Calls the provider to see whether a connection works"},
             [api](Request& request) { return test(api, request); });
}

}  // namespace pilot::api
