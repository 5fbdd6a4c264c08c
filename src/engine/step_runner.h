// One attempt of one step: params checked, connection opened and signed in, request built, sent,
// answer read and judged. Knows nothing of runs, retries or the journal. One per shard, on it only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "engine/connections.h"
#include "engine/rate_limits.h"
#include "engine/sign_ins.h"
#include "engine/task_runner.h"
#include "engine/token_refresh.h"
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

// Ready to be sent: everything that can be known before the action's own network has been.
struct PreparedCall {
  CallOrder order;
  EffectClass effect = EffectClass::unsafe;
  providers::Connection connection;
  std::vector<http::HostListPtr> user_hosts;  // those of the user and of who owns them
  http::HostListPtr named_hosts;              // those that the connection names itself; null: none
  providers::Redactor redactor;
  const providers::SignIn* sign_in =
      nullptr;  // how the connection got its token; null: it has none
  std::string token_key;
  SignIns::TokenPtr token;
  bool refreshable = false;  // it has an OAuth grant with a refresh token
  std::string marked;        // why somebody has to connect it anew; empty: nobody has to
  std::variant<http::Request, http::Mail> request;
};

struct CallResult {
  ProviderResult result;
  CallStage stage = CallStage::not_sent;
  EffectClass effect = EffectClass::unsafe;
  std::optional<int> http_status;
  bool needs_reauth = false;  // nothing was done; it can be, once the user has connected anew
};

class StepRunner {
 public:
  struct Parts {
    store::Store& store;
    const vault::KeyHolder& keys;
    http::Transport& transport;
    Clock& clock;
    Log& log;
    Timers& timers;
    SignIns& sign_ins;
    RateLimits& rates;
    TaskRunner tasks;
    std::shared_ptr<TokenRefresh> refresh;
  };
  explicit StepRunner(Parts parts);

  // An action without I/O: at once.
  providers::LogicOutcome run_logic(CallOrder order) const;

  // Nothing of the action is sent; a connection that has to sign in first does. Errors are final
  // for the step, but `unavailable` ones (the store, a token endpoint that is away), and
  // needs_reauth.
  boost::asio::awaitable<Result<std::unique_ptr<PreparedCall>>> prepare(CallOrder order,
                                                                        CancelToken cancel);

  // All exchanges of the call, within the order's timeout. A 401 to a token that can be had anew is
  // answered with a new one, once.
  boost::asio::awaitable<CallResult> send(std::unique_ptr<PreparedCall> call, CancelToken cancel);

  // Before an exchange that Execution has not asked the limits about (a further page, a look
  // whether a call was carried out): as long as the vendor's limit says, or until there is no time
  // left.
  boost::asio::awaitable<void> keep_to_rate(const CallOrder& order, SteadyTime deadline,
                                            CancelToken cancel);

  // Whose calls the provider's limit counts together.
  static std::string caller_of(const UserId& user, const plan::CompiledStep& step);

  // The effect class that a recorded but unfinished call had.
  static EffectClass effect_of(const plan::CompiledStep& step, const Json& params);

 private:
  struct Exchanged {
    CallResult result;
    bool refused = false;  // by a 401
  };
  providers::Call view(const CallOrder& order, const providers::Connection& connection) const;
  std::vector<http::HostListPtr> allowed_hosts(const PreparedCall& call) const;
  std::vector<http::HostListPtr> token_hosts(const PreparedCall& call) const;
  Status build(PreparedCall& call) const;

  // step_sign_in.cc: the connection with its token
  static store::ConnectionKey key_of(const PreparedCall& call);
  boost::asio::awaitable<Result<OpenConnection>> load(PreparedCall& call, bool anew);
  boost::asio::awaitable<Status> open_connection(PreparedCall& call, CancelToken cancel);
  boost::asio::awaitable<Status> freshen(PreparedCall& call, OpenConnection opened,
                                         CancelToken cancel);
  TokenRefresh::Order refresh_order(const PreparedCall& call) const;
  boost::asio::awaitable<Status> sign_in(PreparedCall& call, CancelToken cancel);
  boost::asio::awaitable<Status> get_token(PreparedCall& call, CancelToken cancel);
  boost::asio::awaitable<Result<SignIns::TokenPtr>> trade(PreparedCall& call, CancelToken cancel);
  boost::asio::awaitable<Status> renew(PreparedCall& call, CancelToken cancel);
  void use(PreparedCall& call, SignIns::TokenPtr token) const;

  // step_send.cc: the exchanges
  boost::asio::awaitable<CallResult> send_task(std::unique_ptr<PreparedCall> call,
                                               CancelToken cancel);
  boost::asio::awaitable<CallResult> send_mail(std::unique_ptr<PreparedCall> call,
                                               CancelToken cancel);
  boost::asio::awaitable<Exchanged> converse(PreparedCall& call, SteadyTime deadline,
                                             bool may_renew, CancelToken cancel);
  boost::asio::awaitable<void> note(const PreparedCall& call, bool refused, CallResult& result);
  CallResult finished(const PreparedCall& call, CallResult result) const;

  Parts parts_;
  Connections connections_;
  UserHosts hosts_;
  const providers::Connection no_connection_;
};

}  // namespace pilot::engine
