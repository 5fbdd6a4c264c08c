// How a prepared call is sent: one exchange or many, under one deadline.
#include "base/log.h"
#include "engine/pause.h"
#include "engine/step_errors.h"
#include "engine/step_runner.h"
#include "providers/answer.h"

namespace pilot::engine {

using boost::asio::awaitable;

namespace {

constexpr int kRefused = 401;

// `before`: how many exchanges have been answered already. What came then has reached the vendor,
// whatever became of this one.
CallResult failure(const http::SendError& error, int before) {
  CallResult out;
  out.stage = error.sent || before > 0 ? CallStage::sent : CallStage::not_sent;
  out.result = ProviderResult::fail(to_step_error(error));
  return out;
}

CallResult answered(ProviderResult result, int status) {
  CallResult out;
  out.stage = CallStage::answered;
  out.http_status = status;
  out.result = std::move(result);
  return out;
}

http::SendError out_of_time(Millis timeout) {
  return {.code = "timeout",
          .message = fmt::format("not done within the step's timeout of {:g} s",
                                 static_cast<double>(timeout.count()) / 1000),
          .retryable = true};
}

// Nothing was carried out, and why.
CallResult not_renewed(const PreparedCall& call, const Error& error) {
  CallResult failed;
  failed.result = ProviderResult::fail(to_step_error(error));
  failed.needs_reauth = error.code == kNeedsReauth;
  if (failed.needs_reauth) {
    const plan::CompiledStep& step = *call.order.step;
    add_reauth(*failed.result.error,
               {call.order.user, step.provider->credential_name(), step.spec.connection},
               kInvalidGrant);
  }
  return failed;
}

ProviderResult too_many_exchanges() {
  return ProviderResult::fail(
      {.code = "limit_exceeded",
       .message = fmt::format("the list has more than {} pages, which is the limit; ask for less "
                              "of it, or for larger pages",
                              limits::kExchanges)});
}

}  // namespace

awaitable<CallResult> StepRunner::send(std::unique_ptr<PreparedCall> call, CancelToken cancel) {
  if (call->order.step->action->is_task()) {
    co_return co_await send_task(std::move(call), std::move(cancel));
  }
  if (!std::holds_alternative<http::Request>(call->request)) {
    co_return co_await send_mail(std::move(call), std::move(cancel));
  }
  const SteadyTime deadline = parts_.clock.steady() + call->order.timeout;
  const bool renewable = call->token != nullptr || call->refreshable;
  Exchanged got = co_await converse(*call, deadline, renewable, cancel);
  if (got.refused && renewable) {
    // Refused means not carried out: with another token it is made anew, from its first exchange.
    Status renewed = co_await renew(*call, cancel);
    if (!renewed) co_return finished(*call, not_renewed(*call, renewed.error()));
    got = co_await converse(*call, deadline, false, cancel);
  }
  CallResult result = finished(*call, std::move(got.result));
  co_await note(*call, got.refused, result);
  co_return result;
}

// A connection that is refused however new its token is must be looked at by its user; one that
// works again need not be.
awaitable<void> StepRunner::note(const PreparedCall& call, bool refused, CallResult& result) {
  Status noted = ok();
  if (refused && !call.connection.values.empty()) {
    if (result.result.error) add_reauth(*result.result.error, key_of(call), kUnauthorized);
    if (call.marked.empty()) {
      const auto marked = co_await parts_.store.mark_connection(
          key_of(call), std::string(kUnauthorized), parts_.clock.now(), "");
      if (!marked) noted = marked.error();
    }
  } else if (call.marked == kUnauthorized && result.result.success) {
    noted = co_await parts_.store.clear_connection_mark(key_of(call));
  }
  if (!noted) {
    parts_.log.warn("cannot note how a connection of {} stands: {}",
                    call.order.step->provider->name, noted.error().message);
  }
}

// With `may_renew` a 401 ends it unread.
awaitable<StepRunner::Exchanged> StepRunner::converse(PreparedCall& call, SteadyTime deadline,
                                                      bool may_renew, CancelToken cancel) {
  const auto& action = std::get<providers::HttpAction>(call.order.step->action->body);
  const providers::Call lent = view(call.order, call.connection);
  const auto talk = action.converse ? action.converse(lent) : nullptr;
  auto request = std::move(std::get<http::Request>(call.request));
  for (int before = 0;; ++before) {
    const auto left = std::chrono::floor<Millis>(deadline - parts_.clock.steady());
    if (left <= Millis{0}) co_return Exchanged{failure(out_of_time(call.order.timeout), before)};
    request.timeout = left;
    request.allowed_hosts = allowed_hosts(call);
    http::Answer answer = co_await parts_.transport.send(std::move(request), cancel);
    if (answer.error) co_return Exchanged{failure(*answer.error, before)};
    const int status = answer.response->status;
    Exchanged out;
    out.refused = status == kRefused;
    if (out.refused && may_renew) co_return out;
    if (!talk) {
      out.result = answered(action.read(lent, *answer.response), status);
      co_return out;
    }
    auto next = talk->take(lent, *answer.response);
    if (auto* result = std::get_if<ProviderResult>(&next)) {
      out.result = answered(std::move(*result), status);
      co_return out;
    }
    if (before + 1 == limits::kExchanges) {
      out.result = answered(too_many_exchanges(), status);
      co_return out;
    }
    request = std::get<http::Request>(std::move(next));
    co_await keep_to_rate(call.order, deadline, cancel);
  }
}

awaitable<void> StepRunner::keep_to_rate(const CallOrder& order, SteadyTime deadline,
                                         CancelToken cancel) {
  const plan::CompiledStep& step = *order.step;
  const auto& limit = step.action->rate ? step.action->rate : step.provider->rate;
  if (!limit) co_return;
  std::string key = caller_of(order.user, step);
  if (step.action->rate) key += '\0' + step.action->name;
  const SteadyTime now = parts_.clock.steady();
  const SteadyTime until = std::min(deadline, now + parts_.rates.ask(key, &*limit, "", now).wait);
  if (until > now) co_await pause_until(parts_.clock, parts_.timers, until, std::move(cancel));
}

awaitable<CallResult> StepRunner::send_task(std::unique_ptr<PreparedCall> call,
                                            CancelToken cancel) {
  CallOrder& order = call->order;
  const plan::CompiledStep& step = *order.step;
  std::vector<http::HostListPtr> hosts = allowed_hosts(*call);  // reads the connection
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
                .now = parts_.clock.now(),
                .allowed_hosts = std::move(hosts),
                .timeout = order.timeout};
  providers::TaskOutcome outcome = co_await parts_.tasks.run(std::move(task), std::move(cancel));
  CallResult out;
  out.result = std::move(outcome.result);
  out.stage = outcome.stage;
  co_return finished(*call, std::move(out));
}

awaitable<CallResult> StepRunner::send_mail(std::unique_ptr<PreparedCall> call,
                                            CancelToken cancel) {
  http::Mail mail = std::move(std::get<http::Mail>(call->request));
  http::Answer answer = co_await parts_.transport.send_mail(std::move(mail), std::move(cancel));
  if (answer.error) co_return finished(*call, failure(*answer.error, 0));
  const providers::Call lent = view(call->order, call->connection);
  co_return finished(*call, answered(providers::read_mail_answer(lent, *answer.response),
                                     answer.response->status));
}

}  // namespace pilot::engine
