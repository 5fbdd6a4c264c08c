// What the guard and the routes of keys, users and sessions share. Built with the Api, outlives no
// request. Any thread; each cache on its own shard.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/identity_cache.h"
#include "api/login_limiter.h"
#include "vault/password.h"

namespace pilot::api {

struct IdentityOptions {
  std::string operator_token;  // the Bearer of whoever runs this server; empty: there is none
  std::string browser_token;   // GET /?token=... with it begins one session; empty: none
  bool open_on_loopback =
      true;                // without any key or password, whoever is on this machine is let in
  std::string public_url;  // how browsers reach it, when that is not this server's own name
  bool tls = false;        // this server speaks TLS itself
  std::shared_ptr<std::atomic<bool>>
      alone;  // set to false once there is a key or password; or null
  unsigned password_threads = 2;
};

class Identity {
 public:
  Identity(IdentityOptions options, store::IdentityStore& store, const Clock& clock,
           std::size_t shards);

  const IdentityOptions& options() const { return options_; }
  IdentityCache& cache(std::size_t shard) { return *caches_[shard]; }
  // Is it the operator's token? In constant time.
  bool is_operator_token(std::string_view token) const;
  // True once, for the right token.
  bool use_browser_token(std::string_view token);
  // There is a key or a password: from now on everybody has to say who they are.
  void note_sign_in();
  // "https://pilot.example.com" of the public URL; empty: none was given.
  const std::string& public_origin() const { return public_origin_; }
  // Cookies are for TLS only.
  bool is_secure() const { return options_.tls || public_origin_.starts_with("https:"); }

  IdentityGeneration generation;  // raise it after every change of users, keys, sessions
  LoginLimiter logins;
  vault::PasswordHasher passwords;

 private:
  IdentityOptions options_;
  std::string public_origin_;
  std::vector<std::unique_ptr<IdentityCache>> caches_;
  std::mutex mutex_;
  std::string browser_token_;  // guarded by mutex_; empty once it was used
};

}  // namespace pilot::api
