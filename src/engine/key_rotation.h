// Seals stored credentials anew with the first key of the ring, a page at a time, while everything
// else goes on: a value changes only if nobody stored another meanwhile, and every key of the ring
// opens all along. Whoever stops half-way begins again anywhere; what is done is passed over.
// Any shard. Codes: the store's.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "store/credential_store.h"
#include "vault/key_holder.h"

namespace pilot::engine {

inline constexpr std::int64_t kResealPage = 500;  // rows of one transaction

struct Resealed {
  std::int64_t seen = 0;                     // rows looked at
  std::int64_t changed = 0;                  // sealed anew
  std::int64_t unreadable = 0;               // no key of the ring opens them; left as they are
  std::optional<store::CredentialKey> next;  // none: that was the last page
};

// The page behind `after`.
boost::asio::awaitable<Result<Resealed>> reseal_page(store::CredentialStore& store,
                                                     const vault::KeyHolder& keys,
                                                     store::CredentialKey after, WallTime now,
                                                     Random& random);

// How many rows need the key of that id: those that it sealed, and of those whose key is not known
// the ones that it opens.
boost::asio::awaitable<Result<std::int64_t>> rows_that_need(store::CredentialStore& store,
                                                            const vault::KeyHolder& keys,
                                                            std::string key_id);

}  // namespace pilot::engine
