// A user's credentials for one call: sealed rows from the store (kept a moment per shard), opened
// with the key ring only when the call is built, and bound to the hosts that they may go to. On its
// shard only.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "providers/registry.h"
#include "store/store.h"
#include "vault/key_holder.h"

namespace pilot::engine {

// The grant is gone: only the user can connect anew. The run waits for that.
inline constexpr std::string_view kNeedsReauth = "needs_reauth";
// Why a connection is marked.
inline constexpr std::string_view kInvalidGrant = "invalid_grant";  // its refresh token is dead
inline constexpr std::string_view kUnauthorized = "unauthorized";   // 401 to a token that was new

struct OpenConnection {
  providers::Connection connection;
  http::HostListPtr named_hosts;     // of its value `allowed_hosts`; null: it names none
  std::string sealed_refresh_token;  // as it is in the store; empty: it has none
  // It is in the old service's table of custom integrations: a grant cannot be swapped for it.
  bool refresh_token_elsewhere = false;
  WallTime token_since;                 // the access token's life
  std::optional<WallTime> token_until;  // none: not known
  store::ConnectionState state;
};

// What the store has of a connection.
struct SealedConnection {
  std::vector<store::SealedCredential> values;
  store::ConnectionState state;
};

// Empty when the user has none of that name. Its hosts are those of the value `allowed_hosts`, else
// that of its `base_url`. Codes: credential_unreadable, invalid_host_rule, the store's.
boost::asio::awaitable<Result<OpenConnection>> read_connection(store::Store& store,
                                                               const vault::KeyHolder& keys,
                                                               store::ConnectionKey key);

// A custom integration that asks for a key takes a token that is there instead, and the other way
// round; not when it asks for both.
void use_old_words(providers::Connection& connection, const providers::Provider& provider);

Error needs_reauth(const store::ConnectionKey& key);

class Connections {
 public:
  Connections(store::Store& store, const vault::KeyHolder& keys) : store_(store), keys_(keys) {}

  // As read_connection; `anew`: past what is kept.
  boost::asio::awaitable<Result<OpenConnection>> open(store::ConnectionKey key, bool anew = false);

 private:
  store::Store& store_;
  const vault::KeyHolder& keys_;
  // By user, provider and connection, good as long as nothing was written since.
  std::map<std::string, SealedConnection> kept_;
  std::uint64_t generation_ = 0;
};

}  // namespace pilot::engine
