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
  std::string key_id;           // of the key that sealed it; empty: not known (the old service)
  std::optional<WallTime> expires_at;
  WallTime created_at;
  WallTime updated_at;
  // What the last test said of it; of custom integrations only.
  bool valid = true;
  std::optional<WallTime> validated_at = {};  // none: not tested
};

// Which row, and where a walk over all rows of all users stands. The default is before the first.
struct CredentialKey {
  UserId user;
  std::string provider;
  std::string connection;
  std::string type;
};

// The same value under another key.
struct Reseal {
  CredentialKey row;
  std::string old_value;
  std::string new_value;
  std::string new_key_id;
};

struct KeyUse {
  std::string key_id;
  std::int64_t rows = 0;
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
  // `type` empty: the whole connection, with its state. Answers how many were removed.
  virtual awaitable<Result<std::int64_t>> remove_credentials(UserId user, std::string provider,
                                                             std::string connection,
                                                             std::string type) = 0;
  virtual awaitable<Result<bool>> any_encrypted_rows() = 0;

  // For the key ring, over all users; no request of a user comes here.
  //
  // The rows behind `after`, in the order of CredentialKey, at most `limit`.
  virtual awaitable<Result<std::vector<SealedCredential>>> sealed_page(CredentialKey after,
                                                                       std::int64_t limit) = 0;
  // In one transaction; leaves out each row whose value is not the old one any more (it was stored
  // anew, or removed). updated_at stays. Answers how many were changed.
  virtual awaitable<Result<std::int64_t>> reseal(std::vector<Reseal> batch) = 0;
  // How many rows each key sealed, in the order of key_id; none for keys without rows.
  virtual awaitable<Result<std::vector<KeyUse>>> key_usage() = 0;

  // Raised by every put, remove and reseal of this process, and by every change of a user's allowed
  // hosts, before the write is answered: what was read under an older number may have changed. On a
  // database that others write to, raised every second, too. Any thread.
  virtual std::uint64_t credential_generation() const = 0;
};

}  // namespace pilot::store
