// A request as handlers see it: decoded path and query, views of the headers, the whole body. Made
// by the session, lent to one handler on one shard; header views die with the answer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/ids.h"
#include "model/principal.h"

namespace pilot::api {

struct Route;

enum class Method { get, head, post, put, patch, del, options, other };
Method method_from(std::string_view name);  // exact, upper case; else `other`
std::string_view to_string(Method method);
inline bool changes_state(Method m) {
  return m != Method::get && m != Method::head && m != Method::options;
}

struct HeaderView {
  std::string_view name;
  std::string_view value;
};

struct Request {
  Method method = Method::get;
  std::string target;                                       // as it was sent
  std::vector<std::string> path;                            // decoded segments; "/" has none
  std::vector<std::pair<std::string, std::string>> query;   // decoded, names unique
  std::vector<std::pair<std::string, std::string>> params;  // {name} parts, set by the router
  std::vector<HeaderView> headers;
  std::string body;
  bool has_body = false;  // known before the body is read
  std::size_t shard = 0;
  std::string peer;              // the client's address, without the port
  std::optional<Json> json;      // the body, when it was parsed on the way; taken by read_json
  std::string id;                // X-Request-Id; of plain characters, see request_id.h
  const Route* route = nullptr;  // set by the router; null: nothing answers this method and path
  RunId run;                     // what a run made by this request is called; empty: any new id
  std::shared_ptr<void> slot;    // while it lives, the request counts as being in flight
  Principal caller;              // who is calling; set by the guard
  UserId principal;              // whose data this is about: the caller, or whom they act as

  // First of that name, any case; none when absent.
  std::optional<std::string_view> header(std::string_view name) const;
  std::optional<std::string_view> query_value(std::string_view name) const;
  // A {name} of the route's pattern; asking for another is a bug.
  const std::string& param(std::string_view name) const;
};

// Fills target, path and query from an origin-form target ("/a/b%20c?x=1"). Codes (all 400):
// bad_target (no path, bad percent escape, NUL, not UTF-8), duplicate_parameter,
// too_many_parameters.
Status parse_target(std::string_view target, Request& out);

// ASCII letters compared without case, as header names are.
bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace pilot::api
