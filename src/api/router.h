// Which handler answers which method and path, who may call it, and what it is for: the one table
// of routes, from which /api/openapi.json is made, too. Filled at start, then immutable; any
// thread. Knows nothing of Pilot: a demo server uses its own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "api/request.h"
#include "api/response.h"
#include "model/scope.h"

namespace pilot::api {

// The request stays until the answer is there. A plain lambda that calls a coroutine function is
// fine; a coroutine lambda with captures is not.
using Handler = std::function<awaitable<Response>(Request&)>;

struct Route {
  Method method = Method::get;
  std::string pattern;         // "/api/plans/{id}"
  std::optional<Scope> scope;  // none: open to everybody
  std::string id;              // "list_plans": unique
  std::string summary;         // one line, for people
  bool caller = false;         // without a scope: whoever calls must be known all the same
};

// Judges by the head alone, before the body is read; an answer refuses the request. `route` is null
// when nothing answers this method and path: whoever is not known hears the same as elsewhere. Sets
// the caller and the principal.
using Guard = std::function<awaitable<std::optional<Response>>(Request&, const Route* route)>;
// Judges once the body is there, before the handler sees it. May change the principal.
using BodyGuard = std::function<awaitable<std::optional<Response>>(Request&)>;
// Says whether one more request of this caller fits now (429), before its body is read.
using Limiter = std::function<std::optional<Response>(Request&)>;
// Stands around the handler, once everything else has let the request through.
using Around = std::function<awaitable<Response>(Request&, const Handler&)>;
// Looks at each answer before it is written, refusals too. Must not wait.
using Observer = std::function<void(const Request&, const Response&)>;

class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // Literal parts of a pattern win over {parts}. GET answers HEAD too. The same method and pattern
  // twice, or an id twice, is a bug and throws std::logic_error.
  void add(Route route, Handler handler);
  // A route that is open to everybody and has no id.
  void add(Method method, std::string_view pattern, Handler handler);
  // All of them, in the order in which they were added.
  const std::vector<Route>& routes() const { return routes_; }
  void set_guard(Guard guard) { guard_ = std::move(guard); }
  void set_body_guard(BodyGuard guard) { body_guard_ = std::move(guard); }
  void set_limiter(Limiter limiter) { limiter_ = std::move(limiter); }
  void set_around(Around around) { around_ = std::move(around); }
  void set_observer(Observer observer) { observer_ = std::move(observer); }

  struct Choice {
    const Handler* handler = nullptr;
    std::optional<Response> refusal;  // exactly one of the two
    const Route* route = nullptr;     // null: nothing answers this method and path
  };
  // The guard's or the limiter's refusal, else 404 not_found, 405 method_not_allowed (with Allow)
  // or the handler. Sets request.params and request.route before the guard is asked.
  awaitable<Choice> choose(Request& request) const;
  // What the body guard says, else the handler and what stands around it. Only for a choice without
  // a refusal.
  awaitable<Response> answer(const Choice& choice, Request& request) const;
  void observe(const Request& request, const Response& response) const;
  // choose(), answer() and observe() in one.
  awaitable<Response> handle(Request& request) const;

 private:
  struct Node;
  Choice find(Request& request) const;

  std::unique_ptr<Node> root_;
  std::vector<Route> routes_;
  Guard guard_;
  BodyGuard body_guard_;
  Limiter limiter_;
  Around around_;
  Observer observer_;
};

}  // namespace pilot::api
