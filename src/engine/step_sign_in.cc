// How a call gets its connection, with a token that is good: the one that the connection was traded
// for, or the access token of its OAuth grant.
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

store::ConnectionKey StepRunner::key_of(const PreparedCall& call) {
  const plan::CompiledStep& step = *call.order.step;
  return {call.order.user, step.provider->credential_name(), step.spec.connection};
}

// Reads the connection into the call; `anew`: past what is kept of it.
awaitable<Result<OpenConnection>> StepRunner::load(PreparedCall& call, bool anew) {
  Result<OpenConnection> opened = co_await connections_.open(key_of(call), anew);
  if (!opened) co_return opened.error();
  const providers::Provider& provider = *call.order.step->provider;
  call.connection = std::move(opened->connection);
  use_old_words(call.connection, provider);
  call.named_hosts = opened->named_hosts;
  call.marked = opened->state.reason;
  call.redactor.add(call.connection.values, &provider);
  const auto* http = std::get_if<providers::HttpAction>(&call.order.step->action->body);
  call.sign_in = http && http->sign_in ? http->sign_in(call.connection) : nullptr;
  call.refreshable = provider.oauth2 != nullptr && call.sign_in == nullptr &&
                     !opened->sealed_refresh_token.empty();
  co_return opened;
}

awaitable<Status> StepRunner::open_connection(PreparedCall& call, CancelToken cancel) {
  Result<OpenConnection> opened = co_await load(call, false);
  if (!opened) co_return opened.error();
  if (call.sign_in != nullptr) co_return co_await sign_in(call, std::move(cancel));
  if (call.refreshable) co_return co_await freshen(call, std::move(*opened), std::move(cancel));
  co_return ok();
}

// A token that will end soon is renewed now. If that does not work, it is used as long as it lasts.
awaitable<Status> StepRunner::freshen(PreparedCall& call, OpenConnection opened,
                                      CancelToken cancel) {
  const WallTime now = parts_.clock.now();
  const bool missing = !call.connection.value("access_token");
  if (!missing && !is_due(opened, now)) co_return ok();
  const bool over = missing || now >= *opened.token_until;
  const bool dead = opened.state.reason == kInvalidGrant;
  Status renewed = needs_reauth(key_of(call));
  if (!dead) {
    renewed = co_await parts_.refresh->refresh(refresh_order(call), std::move(cancel));
  }
  if (renewed) {
    const Result<OpenConnection> again = co_await load(call, true);
    co_return again ? ok() : Status(again.error());
  }
  const bool stop = over || renewed.error().kind == ErrorKind::cancelled;
  co_return stop ? renewed : ok();
}

TokenRefresh::Order StepRunner::refresh_order(const PreparedCall& call) const {
  return TokenRefresh::order_of(key_of(call), *call.order.step->provider, call.connection,
                                call.user_hosts);
}

awaitable<Status> StepRunner::sign_in(PreparedCall& call, CancelToken cancel) {
  Status done = co_await get_token(call, std::move(cancel));
  if (done) co_return done;
  Error error =
      done.error().prefixed(fmt::format("signing in to {}", call.order.step->provider->name));
  error.message = call.redactor.text(error.message);
  co_return error;
}

// The token of the connection: the one that is kept, or a new one, got by one call for all.
awaitable<Status> StepRunner::get_token(PreparedCall& call, CancelToken cancel) {
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
  Status done = ok();
  if (call.token != nullptr) {
    parts_.sign_ins.drop(call.token_key, std::exchange(call.token, nullptr));
    done = co_await open_connection(call, std::move(cancel));
  } else {
    done = co_await parts_.refresh->refresh(refresh_order(call), std::move(cancel));
    if (done) {
      const Result<OpenConnection> again = co_await load(call, true);
      if (!again) done = again.error();
    }
  }
  if (!done) co_return done;
  co_return build(call);
}

}  // namespace pilot::engine
