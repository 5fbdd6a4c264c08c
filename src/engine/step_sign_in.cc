// How a call gets its connection, with the token that the connection was traded for.
#include "engine/step_errors.h"
#include "engine/step_runner.h"
#include "http/retry_after.h"

namespace pilot::engine {

using boost::asio::awaitable;

namespace {

Error to_error(const http::SendError& error) {
  return {.kind = error.code == "cancelled" ? ErrorKind::cancelled
                  : error.retryable         ? ErrorKind::unavailable
                                            : ErrorKind::invalid_argument,
          .code = error.code,
          .message = error.message};
}

// The vendor is busy or broken: that says nothing about the credentials.
bool passes(int status) { return status == 408 || status == 425 || status == 429 || status >= 500; }

}  // namespace

awaitable<Status> StepRunner::open_connection(PreparedCall& call, CancelToken cancel) {
  const plan::CompiledStep& step = *call.order.step;
  auto opened =
      co_await connections_.open(call.order.user, step.provider->name, step.spec.connection);
  if (!opened) co_return opened.error();
  call.connection = std::move(opened->connection);
  call.named_hosts = std::move(opened->named_hosts);
  call.redactor.add(call.connection.values, step.provider);
  const auto* http = std::get_if<providers::HttpAction>(&step.action->body);
  call.sign_in = http && http->sign_in ? http->sign_in(call.connection) : nullptr;
  if (call.sign_in == nullptr) co_return ok();
  Status signed_in = co_await sign_in(call, std::move(cancel));
  if (!signed_in) {
    Error error = signed_in.error().prefixed(fmt::format("signing in to {}", step.provider->name));
    error.message = call.redactor.text(error.message);
    co_return error;
  }
  co_return ok();
}

// The token of the connection: the one that is kept, or a new one, got by one call for all.
awaitable<Status> StepRunner::sign_in(PreparedCall& call, CancelToken cancel) {
  call.token_key = SignIns::key_of(call.order.user, call.order.step->provider->name,
                                   call.connection, call.sign_in);
  for (;;) {
    if (auto token = parts_.sign_ins.find(call.token_key, parts_.clock.now())) {
      use(call, std::move(token));
      co_return ok();
    }
    if (auto lead = parts_.sign_ins.flights().board(call.token_key)) {
      Result<SignIns::TokenPtr> token = co_await trade(call, cancel);
      if (!token) {
        // Who waits for it has not been cancelled; what else went wrong would again.
        if (token.error().kind != ErrorKind::cancelled) lead->fail(token.error());
        co_return token.error();
      }
      parts_.sign_ins.put(call.token_key, *token, parts_.clock.now());
      use(call, std::move(*token));
      co_return ok();
    }
    const Status landed = co_await parts_.sign_ins.flights().landed(call.token_key, cancel);
    if (!landed) co_return landed.error();
  }
}

awaitable<Result<SignIns::TokenPtr>> StepRunner::trade(PreparedCall& call, CancelToken cancel) {
  const providers::Call lent = view(call.order, call.connection);
  Result<http::Request> request = call.sign_in->build(lent);
  if (!request) co_return request.error();
  request->timeout = std::min<Millis>(call.order.timeout, limits::kSignInTimeout);
  request->max_response_bytes = std::min(request->max_response_bytes, limits::kTokenAnswer);
  request->allowed_hosts = token_hosts(call);
  http::Request ready = std::move(*request);
  http::Answer answer = co_await parts_.transport.send(std::move(ready), std::move(cancel));
  if (answer.error) co_return to_error(*answer.error);
  Result<providers::Token> token = call.sign_in->read(lent, *answer.response);
  if (!token) {
    Error error = token.error();
    if (passes(answer.response->status)) {
      error.kind = ErrorKind::unavailable;
      if (const auto after = answer.response->header("Retry-After")) {
        error.retry_after = http::parse_retry_after(*after, parts_.clock.now());
      }
    }
    co_return error;
  }
  co_return std::make_shared<const providers::Token>(std::move(*token));
}

// A token endpoint is named by the provider, not by the step; and a connection whose API has a host
// of its own may sign in elsewhere. So a `base_url` does not bind it, a list that the user gave
// does.
std::vector<http::HostListPtr> StepRunner::token_hosts(const PreparedCall& call) const {
  std::vector<http::HostListPtr> lists = call.user_hosts;
  if (call.named_hosts) lists.push_back(call.named_hosts);
  return lists;
}

void StepRunner::use(PreparedCall& call, SignIns::TokenPtr token) const {
  call.redactor.add(token->values, call.order.step->provider);
  for (const auto& [type, value] : token->values) {
    call.connection.values.insert_or_assign(type, value.clone());
  }
  call.token = std::move(token);
}

// The vendor refused the token before its time.
awaitable<Status> StepRunner::renew(PreparedCall& call, CancelToken cancel) {
  parts_.sign_ins.drop(call.token_key, std::exchange(call.token, nullptr));
  Status connected = co_await open_connection(call, std::move(cancel));
  if (!connected) co_return connected;
  co_return build(call);
}

}  // namespace pilot::engine
