// Sealed credentials. The store sees ciphertext only. Called on a shard, answered on the same
// shard.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>

#include "base/result.h"
#include "model/ids.h"

namespace pilot::store {

using boost::asio::awaitable;

struct SealedCredential {
  UserId user;
  std::string provider;
  std::string connection = "default";
  std::string type;             // api_key, access_token, ...
  std::string encrypted_value;  // Fernet token
  std::optional<WallTime> expires_at;
  WallTime created_at;
  WallTime updated_at;
};

class CredentialStore {
 public:
  virtual ~CredentialStore() = default;
  // Inserts, or replaces the one of the same (user, provider, connection, type).
  virtual awaitable<Status> put_credential(SealedCredential credential) = 0;
  // All values of one connection; empty when there is none.
  virtual awaitable<Result<std::vector<SealedCredential>>> connection_credentials(
      UserId user, std::string provider, std::string connection) = 0;
  // Of all connections, ordered by provider, connection, type; `provider` empty: all. The encrypted
  // values are left out.
  virtual awaitable<Result<std::vector<SealedCredential>>> list_credentials(
      UserId user, std::string provider) = 0;
  // `type` empty: the whole connection. Answers how many were removed.
  virtual awaitable<Result<std::int64_t>> remove_credentials(UserId user, std::string provider,
                                                             std::string connection,
                                                             std::string type) = 0;
  virtual awaitable<Result<bool>> any_encrypted_rows() = 0;
  // Raised by every put and remove of this process, before the write is answered: what was read
  // under an older number may have changed. Any thread.
  virtual std::uint64_t credential_generation() const = 0;
};

}  // namespace pilot::store
