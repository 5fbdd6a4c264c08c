// Which handler answers which method and path. Filled at start, then immutable; any thread. Knows
// nothing of Pilot: a demo server uses its own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "api/request.h"
#include "api/response.h"

namespace pilot::api {

// The request stays until the answer is there. A plain lambda that calls a coroutine function is
// fine; a coroutine lambda with captures is not.
using Handler = std::function<awaitable<Response>(Request&)>;
// Judges by the head alone, before the body is read; an answer refuses the request. May set the
// principal.
using Guard = std::function<std::optional<Response>(Request&)>;

class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // `pattern`: "/api/plans/{id}"; literal parts win over {parts}. GET answers HEAD too. The same
  // method and pattern twice is a bug and throws std::logic_error.
  void add(Method method, std::string_view pattern, Handler handler);
  void set_guard(Guard guard) { guard_ = std::move(guard); }

  struct Choice {
    const Handler* handler = nullptr;
    std::optional<Response> refusal;  // exactly one of the two
  };
  // Guard first, then 404 not_found or 405 method_not_allowed (with Allow). Sets request.params.
  Choice choose(Request& request) const;
  // choose() and the handler in one.
  awaitable<Response> handle(Request& request) const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  Guard guard_;
};

}  // namespace pilot::api
