#include "engine/step_runner.h"

#include "engine/step_errors.h"
#include "providers/request_view.h"

namespace pilot::engine {

using boost::asio::awaitable;

namespace {

ProviderResult bounded(ProviderResult result) {
  const std::size_t size = json_size(result.output);
  if (size <= limits::kStepOutput) return result;
  StepError error{.code = "output_too_large",
                  .message = fmt::format("the output has {} bytes, the limit is {}", size,
                                         limits::kStepOutput)};
  return ProviderResult::fail(std::move(error));
}

}  // namespace

StepRunner::StepRunner(Parts parts)
    : parts_(std::move(parts)), connections_(parts_.store, parts_.keys), hosts_(parts_.store) {}

EffectClass StepRunner::effect_of(const plan::CompiledStep& step, const Json& params) {
  return step.action->effect_for(params);
}

providers::Call StepRunner::view(const CallOrder& order,
                                 const providers::Connection& connection) const {
  return {.provider = order.step->provider->name,
          .action = order.step->action->name,
          .params = order.params,
          .connection = connection,
          .user = order.user.text,
          .run = order.run.text,
          .step = order.step->spec.id,
          .attempt = order.attempt,
          .idempotency_key = order.idempotency_key,
          .now = parts_.clock.now()};
}

providers::LogicOutcome StepRunner::run_logic(CallOrder order) const {
  if (const Status fits = providers::check_params(*order.step->action, order.params); !fits) {
    return ProviderResult::fail(to_step_error(fits.error()));
  }
  const auto& action = std::get<providers::LogicAction>(order.step->action->body);
  providers::LogicOutcome outcome = action.run(view(order, no_connection_));
  if (auto* result = std::get_if<ProviderResult>(&outcome)) *result = bounded(std::move(*result));
  return outcome;
}

awaitable<Result<std::unique_ptr<PreparedCall>>> StepRunner::prepare(CallOrder order,
                                                                     CancelToken cancel) {
  auto call = std::make_unique<PreparedCall>();
  call->order = std::move(order);
  const plan::CompiledStep& step = *call->order.step;
  if (const Status fits = providers::check_params(*step.action, call->order.params); !fits) {
    co_return fits.error();
  }
  auto hosts = co_await hosts_.of(call->order.user);
  if (!hosts) co_return hosts.error();
  call->user_hosts = std::move(*hosts);
  call->effect = effect_of(step, call->order.params);
  if (!step.provider->auth.empty()) {
    Status connected = co_await open_connection(*call, std::move(cancel));
    if (!connected) co_return connected.error();
  }
  if (step.action->is_task()) co_return std::move(call);
  if (Status built = build(*call); !built) co_return built.error();
  co_return std::move(call);
}

Status StepRunner::build(PreparedCall& call) const {
  const providers::Call lent = view(call.order, call.connection);
  const auto& body = call.order.step->action->body;
  if (const auto* http = std::get_if<providers::HttpAction>(&body)) {
    Result<http::Request> request = http->build(lent);
    if (!request) return request.error();
    request->timeout = call.order.timeout;
    request->allowed_hosts = allowed_hosts(call);
    call.request = std::move(*request);
  } else {
    Result<http::Mail> mail = std::get<providers::MailAction>(body).build(lent);
    if (!mail) return mail.error();
    mail->timeout = call.order.timeout;
    mail->allowed_hosts = allowed_hosts(call);
    call.request = std::move(*mail);
  }
  return ok();
}

// All bind: the user's lists, that of the connection whose credentials go along, and where a user's
// own provider is.
std::vector<http::HostListPtr> StepRunner::allowed_hosts(const PreparedCall& call) const {
  std::vector<http::HostListPtr> lists = call.user_hosts;
  if (call.connection.hosts) lists.push_back(call.connection.hosts);
  if (const auto& only = call.order.step->provider->hosts) lists.push_back(only);
  return lists;
}

std::string StepRunner::caller_of(const UserId& user, const plan::CompiledStep& step) {
  return user.text + '\0' + step.provider->credential_name() + '\0' + step.spec.connection;
}

CallResult StepRunner::finished(const PreparedCall& call, CallResult result) const {
  result.effect = call.effect;
  if (!call.redactor.empty()) call.redactor.result(result.result);
  result.result = bounded(std::move(result.result));
  return result;
}

}  // namespace pilot::engine
