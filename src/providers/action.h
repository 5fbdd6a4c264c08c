// What an action is. A provider never waits and never touches the network: it builds a request from
// the resolved params and reads the answer; the engine does the sending. So `pilot providers
// request` shows exactly what would be sent, and one place decides about retries. Pure; any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/interrupt.h"
#include "base/secret.h"
#include "http/dialer.h"
#include "model/ids.h"
#include "model/outcome.h"
#include "model/problem.h"
#include "providers/rate_limit.h"
#include "providers/verify.h"
#include "schema/schema.h"

namespace pilot::providers {

// A user's credentials for a provider, unlocked for one call.
struct Connection {
  std::string name = "default";
  std::map<std::string, Secret, std::less<>> values;  // by type: api_key, access_token, ...
  http::HostListPtr hosts = {};  // the only ones that its credentials may go to; null: any

  // None when absent or empty.
  std::optional<std::string_view> value(std::string_view type) const;
};

// One call, with everything that a provider may know about it. Lent for the call.
struct Call {
  std::string_view provider;
  std::string_view action;
  const Json& params;  // object; resolved, checked against the schema, defaults put in
  const Connection& connection;
  std::string_view user;
  std::string_view run;
  std::string_view step;
  int attempt = 1;
  std::string_view idempotency_key;  // UUIDv8, the same over retries
  WallTime now;
};

// An answer that comes in several exchanges: the pages of a list. One per call, on the call's
// shard.
class Conversation {
 public:
  virtual ~Conversation() = default;
  // What the answer leads to: one more request, or the result.
  virtual std::variant<http::Request, ProviderResult> take(const Call& call,
                                                           const http::Response& response) = 0;
};

// What a sign-in gave: values that the connection has for as long as they are good.
struct Token {
  std::map<std::string, Secret, std::less<>> values;  // access_token, ...
  std::optional<WallTime> expires_at = {};            // none: until the vendor says 401
};

// A connection that must be traded for a token before a call can be signed (a log-in, a signed
// claim, client credentials). The engine keeps the token, one for all calls of the connection.
struct SignIn {
  std::function<Result<http::Request>(const Call&)> build;
  std::function<Result<Token>(const Call&, const http::Response&)> read;
};

// An action that is an HTTP exchange.
struct HttpAction {
  std::function<Result<http::Request>(const Call&)> build;  // the first, or only one
  std::function<ProviderResult(const Call&, const http::Response&)> read;
  // For a list that may have more pages; then `read` is not called. Empty: one exchange.
  std::function<std::unique_ptr<Conversation>(const Call&)> converse = {};
  // How this connection gets the token that `build` needs; null: it needs none. Lent.
  std::function<const SignIn*(const Connection&)> sign_in = {};
};

// An action that sends one mail.
struct MailAction {
  std::function<Result<http::Mail>(const Call&)> build;
};

// What blocking work has of the world. Lent for the call, to the side thread that it is on.
struct TaskContext {
  const Interrupt& interrupt;  // deadline and cancellation: every wait goes through it
  const http::Dialer& dialer;  // addresses that may be reached; connect to nothing else
  std::vector<http::HostListPtr> allowed_hosts = {};  // that bind this call
  std::string files = {};  // the folder where this process's users may have files; empty: none
};

// `stage` says what is known of the other side when it failed: `not_sent` when nothing was done
// there (or all of it was taken back), `sent` when that is not known, `answered` when it said so.
struct TaskOutcome {
  ProviderResult result;
  CallStage stage = CallStage::not_sent;

  static TaskOutcome ok(Json output, std::string message = {});
  static TaskOutcome fail(StepError error, CallStage stage);
  static TaskOutcome fail(const Error& error);            // nothing was sent
  static TaskOutcome fail(const http::SendError& error);  // sent or not, as it says
};

// An action that speaks another protocol than HTTP through a library that blocks (a database, a
// queue, SFTP). Runs on a side thread; ends soon after the interrupt is set. May not throw for what
// the world can cause.
struct TaskAction {
  std::function<TaskOutcome(const Call&, const TaskContext&)> run;
};

// What a piece of logic may ask of the run, beside giving a result.
struct SleepUntil {
  WallTime when;  // then the step succeeds
};
struct StopRun {
  Json output;  // the run ends here with success; running steps are cancelled
  std::string message = {};
};
using LogicOutcome = std::variant<ProviderResult, SleepUntil, StopRun>;

// An action without I/O. Effect class pure.
struct LogicAction {
  std::function<LogicOutcome(const Call&)> run;
};

struct Action {
  std::string name;
  std::string title;
  std::string description;
  std::string docs;                                               // URL
  std::vector<std::string> aliases;                               // old names
  std::map<std::string, std::string, std::less<>> param_aliases;  // old name of a param -> its name
  Json params;   // JSON Schema of an object, until Provider::add makes `schema` of it
  Json example;  // params of a call that makes sense; null: none
  std::vector<std::string> code_params;  // taken as they stand; a reference inside is refused
  // What is wrong with the params of a plan that is being saved, beyond the schema; else empty.
  // References in them are not resolved yet. Pointers under `pointer`.
  std::function<void(const Json& params, std::string_view pointer, Problems& problems)> check;
  EffectClass effect = EffectClass::unsafe;
  // For actions whose effect depends on params (http by its method); else empty.
  std::function<EffectClass(const Json& params)> effect_of;
  std::optional<Millis> timeout;         // instead of the default step timeout
  std::optional<RateLimit> rate;         // of this action alone, beside the provider's
  std::shared_ptr<const Verify> verify;  // asked before an unknown outcome is left to people
  std::variant<LogicAction, HttpAction, MailAction, TaskAction> body;

  schema::Schema schema;  // of `params`; Provider::add compiles it unless it is there already

  EffectClass effect_for(const Json& resolved) const {
    return effect_of ? effect_of(resolved) : effect;
  }
  bool is_logic() const { return std::holds_alternative<LogicAction>(body); }
  bool is_task() const { return std::holds_alternative<TaskAction>(body); }
};

// The JSON Schema that stands in an action's file as text. Text that is no JSON is a bug and throws
// std::logic_error.
Json params_schema(std::string_view json);

// The error of a call that lacks a field of its connection: what is missing, and the command that
// sets it. Code missing_credentials.
Error missing_credentials(std::string_view provider, std::string_view type);

}  // namespace pilot::providers
