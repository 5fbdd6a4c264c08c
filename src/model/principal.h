// Who is calling: made by the api's guard for one request, read by its handlers. Values; any
// thread.
#pragma once

#include "model/ids.h"
#include "model/scope.h"

namespace pilot {

struct Principal {
  enum class Kind {
    nobody,    // a route that is open to everybody
    loopback,  // somebody on this machine, while no key and no password exists
    node,      // the operator: the token in server.json
    key,
    session,
  };
  Kind kind = Kind::nobody;
  UserId user;
  Scopes scopes;
  std::string credential;   // id of the key or the session
  std::string sha256 = {};  // of the text that proved it

  // Whoever runs this server: may act for any user.
  bool is_operator() const { return kind == Kind::loopback || kind == Kind::node; }
};

std::string_view to_string(Principal::Kind kind);  // "loopback", "operator", "key", "session"

}  // namespace pilot
