// A user's credentials for one call: sealed rows from the store (kept a moment per shard), opened
// with the key ring only when the call is built, and bound to the hosts that they may go to. On its
// shard only.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "providers/action.h"
#include "store/credential_store.h"
#include "vault/key_holder.h"

namespace pilot::engine {

struct OpenConnection {
  providers::Connection connection;
  http::HostListPtr named_hosts;  // of its value `allowed_hosts`; null: it names none
};

class Connections {
 public:
  Connections(store::CredentialStore& store, const vault::KeyHolder& keys)
      : store_(store), keys_(keys) {}

  // An empty connection when the user has none of that name. Its hosts are those of the value
  // `allowed_hosts`, else that of its `base_url`. Codes: credential_unreadable, invalid_host_rule,
  // the store's.
  boost::asio::awaitable<Result<OpenConnection>> open(UserId user, std::string provider,
                                                      std::string connection);

 private:
  Result<OpenConnection> unseal(const std::string& name,
                                const std::vector<store::SealedCredential>& sealed) const;
  store::CredentialStore& store_;
  const vault::KeyHolder& keys_;
  // Sealed rows by user, provider and connection, good as long as nothing was written since.
  std::map<std::string, std::vector<store::SealedCredential>> kept_;
  std::uint64_t generation_ = 0;
};

}  // namespace pilot::engine
