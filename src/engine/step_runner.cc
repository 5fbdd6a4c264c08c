#include "engine/step_runner.h"

#include <fmt/format.h>

#include "providers/answer.h"
#include "providers/request_view.h"

namespace pilot::engine {
namespace {

using boost::asio::awaitable;

StepError to_step_error(const Error& error) {
  return {.code = std::string(error.code_or_kind()),
          .message = error.pointer.empty() ? error.message
                                           : fmt::format("{} ({})", error.message, error.pointer),
          .retryable = error.kind == ErrorKind::unavailable};
}

ProviderResult bounded(ProviderResult result) {
  const std::size_t size = json_size(result.output);
  if (size <= limits::kStepOutput) return result;
  StepError error{.code = "output_too_large",
                  .message = fmt::format("the output has {} bytes, the limit is {}", size,
                                         limits::kStepOutput)};
  return ProviderResult::fail(std::move(error));
}

StepError to_step_error(const http::SendError& error) {
  StepError out{.code = error.code, .message = error.message, .retryable = error.retryable};
  if (out.code == "response_too_large") out.code = "output_too_large";
  return out;
}

}  // namespace

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
          .now = clock_.now()};
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

awaitable<Result<std::unique_ptr<PreparedCall>>> StepRunner::prepare(CallOrder order) {
  auto call = std::make_unique<PreparedCall>();
  call->order = std::move(order);
  const plan::CompiledStep& step = *call->order.step;
  if (const Status fits = providers::check_params(*step.action, call->order.params); !fits) {
    co_return fits.error();
  }
  if (!step.provider->auth.empty()) {
    auto connection =
        co_await connections_.open(call->order.user, step.provider->name, step.spec.connection);
    if (!connection) co_return connection.error();
    call->connection = std::move(*connection);
    call->redactor = providers::Redactor(call->connection, step.provider);
  }
  auto hosts = co_await allowed_hosts(*call);
  if (!hosts) co_return hosts.error();
  call->allowed_hosts = std::move(*hosts);
  call->effect = effect_of(step, call->order.params);
  if (step.action->is_task()) co_return std::move(call);
  const providers::Call lent = view(call->order, call->connection);
  if (const auto* http = std::get_if<providers::HttpAction>(&step.action->body)) {
    Result<http::Request> request = http->build(lent);
    if (!request) co_return request.error();
    request->timeout = call->order.timeout;
    request->allowed_hosts = call->allowed_hosts;
    call->request = std::move(*request);
  } else {
    Result<http::Mail> mail = std::get<providers::MailAction>(step.action->body).build(lent);
    if (!mail) co_return mail.error();
    mail->timeout = call->order.timeout;
    mail->allowed_hosts = call->allowed_hosts;
    call->request = std::move(*mail);
  }
  co_return std::move(call);
}

awaitable<Result<std::vector<http::HostListPtr>>> StepRunner::allowed_hosts(
    const PreparedCall& call) {
  auto lists = co_await hosts_.of(call.order.user);
  if (lists && call.connection.hosts) lists->push_back(call.connection.hosts);
  co_return lists;
}

awaitable<CallResult> StepRunner::send(std::unique_ptr<PreparedCall> call, CancelToken cancel) {
  if (call->order.step->action->is_task()) {
    co_return co_await send_task(std::move(call), std::move(cancel));
  }
  http::Answer answer;
  if (auto* request = std::get_if<http::Request>(&call->request)) {
    answer = co_await transport_.send(std::move(*request), cancel);
  } else {
    answer = co_await transport_.send_mail(std::move(std::get<http::Mail>(call->request)), cancel);
  }
  co_return read(*call, std::move(answer));
}

awaitable<CallResult> StepRunner::send_task(std::unique_ptr<PreparedCall> call,
                                            CancelToken cancel) {
  CallOrder& order = call->order;
  const plan::CompiledStep& step = *order.step;
  TaskCall task{.run = std::get<providers::TaskAction>(step.action->body).run,
                .provider = step.provider->name,
                .action = step.action->name,
                .params = std::move(order.params),
                .connection = std::move(call->connection),
                .user = order.user,
                .run_id = order.run,
                .step = step.spec.id,
                .attempt = order.attempt,
                .idempotency_key = std::move(order.idempotency_key),
                .now = clock_.now(),
                .allowed_hosts = std::move(call->allowed_hosts),
                .timeout = order.timeout};
  providers::TaskOutcome outcome = co_await tasks_.run(std::move(task), std::move(cancel));
  CallResult out{.result = std::move(outcome.result),
                 .stage = outcome.stage,
                 .effect = call->effect,
                 .http_status = std::nullopt};
  if (!call->redactor.empty()) call->redactor.result(out.result);
  out.result = bounded(std::move(out.result));
  co_return out;
}

CallResult StepRunner::read(const PreparedCall& call, http::Answer answer) const {
  CallResult out;
  out.effect = call.effect;
  if (answer.error) {
    out.stage = answer.error->sent ? CallStage::sent : CallStage::not_sent;
    out.result = ProviderResult::fail(to_step_error(*answer.error));
  } else {
    out.stage = CallStage::answered;
    out.http_status = answer.response->status;
    const providers::Call lent = view(call.order, call.connection);
    const auto* http = std::get_if<providers::HttpAction>(&call.order.step->action->body);
    out.result = http ? http->read(lent, *answer.response)
                      : providers::read_mail_answer(lent, *answer.response);
  }
  if (!call.redactor.empty()) call.redactor.result(out.result);
  out.result = bounded(std::move(out.result));
  return out;
}

}  // namespace pilot::engine
