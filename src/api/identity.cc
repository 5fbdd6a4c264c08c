#include "api/identity.h"

#include "base/crypto.h"

namespace pilot::api {
namespace {

// Scheme, host and port, without a path.
std::string origin_of(const std::string& url) {
  const std::size_t host = url.find("://");
  if (host == std::string::npos) return "";
  return url.substr(0, url.find('/', host + 3));
}

}  // namespace

Identity::Identity(IdentityOptions options, store::IdentityStore& store, const Clock& clock,
                   std::size_t shards)
    : logins(clock),
      passwords(options.password_threads),
      options_(std::move(options)),
      public_origin_(origin_of(options_.public_url)),
      browser_token_(options_.browser_token) {
  for (std::size_t i = 0; i < shards; ++i) {
    caches_.push_back(std::make_unique<IdentityCache>(store, clock, generation));
  }
}

bool Identity::is_operator_token(std::string_view token) const {
  return !options_.operator_token.empty() &&
         crypto::constant_time_equal(token, options_.operator_token);
}

void Identity::note_sign_in() {
  if (options_.alone && *options_.alone) *options_.alone = false;
}

bool Identity::use_browser_token(std::string_view token) {
  const std::lock_guard lock(mutex_);
  if (browser_token_.empty() || !crypto::constant_time_equal(token, browser_token_)) return false;
  browser_token_.clear();
  return true;
}

}  // namespace pilot::api
