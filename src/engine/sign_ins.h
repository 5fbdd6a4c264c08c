// The tokens that connections were traded for (HttpAction::sign_in), in memory only: they can be
// had again at any time. One for all shards of a process; any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "engine/flights.h"
#include "providers/action.h"

namespace pilot::engine {

class SignIns {
 public:
  using TokenPtr = std::shared_ptr<const providers::Token>;

  // One token per user, connection, way to sign in, and state of the connection's values: other
  // values (a new password) are another key.
  static std::string key_of(const UserId& user, std::string_view provider,
                            const providers::Connection& connection, const providers::SignIn* way);

  // Null when there is none that is good for a moment yet.
  TokenPtr find(const std::string& key, WallTime now);
  void put(const std::string& key, TokenPtr token, WallTime now);
  // The vendor refused it; one that has come since stays.
  void drop(const std::string& key, const TokenPtr& refused);

  Flights& flights() { return flights_; }

 private:
  struct Kept {
    TokenPtr token;
    WallTime good_until;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Kept> kept_;
  Flights flights_;
};

}  // namespace pilot::engine
