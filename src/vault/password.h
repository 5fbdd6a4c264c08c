// Passwords: hashed and checked with argon2id (RFC 9106: 19 MiB, 2 passes) on threads of its own,
// at most two at once, so that sign-ins cost at most 38 MiB and never a shard's time. Called on a
// shard, answers there. Must end before the io_contexts that await.
//
// Errors: rate_limited/too_many_sign_ins past a bounded number that wait; invalid_password.
#pragma once

#include <atomic>
#include <memory>

#include "base/blocking_pool.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"
#include "model/limits.h"

namespace pilot::vault {

class PasswordHasher {
 public:
  // `threads` 0: at once on the caller's thread (tests).
  explicit PasswordHasher(unsigned threads = 2, std::size_t waiting = limits::kPasswordQueue);

  // The encoded text, "$argon2id$v=19$...": parameters, salt and hash.
  boost::asio::awaitable<Result<std::string>> hash(Secret password, Random& random);
  // Of an `encoded` text that is empty (no such user) or not argon2id: false, after the same work.
  boost::asio::awaitable<Result<bool>> verify(Secret password, std::string encoded);

 private:
  Status enter();

  const std::size_t most_;
  std::atomic<std::size_t> inside_{0};
  BlockingPool pool_;
};

// From limits::kPasswordLeast characters to kPasswordBytes bytes of UTF-8 without NUL. Checked
// before anything is hashed. Code invalid_password.
Status check_password(std::string_view password);

}  // namespace pilot::vault
