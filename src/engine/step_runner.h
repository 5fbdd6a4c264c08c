// One attempt of one step: params checked, connection opened, request built, sent, answer read and
// judged. Knows nothing of runs, retries or the journal. One per shard, on it only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "engine/connections.h"
#include "engine/task_runner.h"
#include "engine/user_hosts.h"
#include "http/transport.h"
#include "plan/compiled_plan.h"
#include "providers/redact.h"

namespace pilot::engine {

// What an attempt is made from. Owns its parts: it lives across waits.
struct CallOrder {
  const plan::CompiledStep* step = nullptr;  // the plan outlives the call
  Json params;                               // resolved
  UserId user;
  RunId run;
  int attempt = 1;
  std::string idempotency_key;
  Millis timeout{30'000};
};

// Ready to be sent: everything that can be known before the network has been.
struct PreparedCall {
  CallOrder order;
  EffectClass effect = EffectClass::unsafe;
  providers::Connection connection;
  providers::Redactor redactor;
  std::vector<http::HostListPtr> allowed_hosts;
  std::variant<http::Request, http::Mail> request;  // of those that are
};

struct CallResult {
  ProviderResult result;
  CallStage stage = CallStage::not_sent;
  EffectClass effect = EffectClass::unsafe;
  std::optional<int> http_status;
};

class StepRunner {
 public:
  StepRunner(store::Store& store, const vault::KeyHolder& keys, http::Transport& transport,
             Clock& clock, TaskRunner tasks)
      : connections_(store, keys),
        hosts_(store),
        transport_(transport),
        clock_(clock),
        tasks_(std::move(tasks)) {}

  // An action without I/O: at once.
  providers::LogicOutcome run_logic(CallOrder order) const;

  // Nothing is sent. Errors are final for the step, but `unavailable` ones (the store).
  boost::asio::awaitable<Result<std::unique_ptr<PreparedCall>>> prepare(CallOrder order);

  boost::asio::awaitable<CallResult> send(std::unique_ptr<PreparedCall> call, CancelToken cancel);

  // The effect class that a recorded but unfinished call had.
  static EffectClass effect_of(const plan::CompiledStep& step, const Json& params);

 private:
  providers::Call view(const CallOrder& order, const providers::Connection& connection) const;
  CallResult read(const PreparedCall& call, http::Answer answer) const;
  boost::asio::awaitable<CallResult> send_task(std::unique_ptr<PreparedCall> call,
                                               CancelToken cancel);

  // Both bind: the lists of the user, and that of the connection whose credentials go along.
  boost::asio::awaitable<Result<std::vector<http::HostListPtr>>> allowed_hosts(
      const PreparedCall& call);

  Connections connections_;
  UserHosts hosts_;
  const providers::Connection no_connection_;
  http::Transport& transport_;
  Clock& clock_;
  const TaskRunner tasks_;
};

}  // namespace pilot::engine
