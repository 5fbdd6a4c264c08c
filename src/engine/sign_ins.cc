#include "engine/sign_ins.h"

#include "base/crypto.h"

namespace pilot::engine {
namespace {

constexpr std::size_t kKept = 10'000;  // tokens; past it the dead ones go, then all

// A token is not used up to its last second: the call that carries it takes a while, and clocks
// differ. A short life gives at most half of itself away.
WallTime good_until(const providers::Token& token, WallTime now) {
  if (!token.expires_at) return WallTime::max();
  const auto margin =
      std::min<WallTime::duration>(std::chrono::minutes{1}, (*token.expires_at - now) / 2);
  return *token.expires_at - margin;
}

}  // namespace

std::string SignIns::key_of(const UserId& user, std::string_view provider,
                            const providers::Connection& connection, const providers::SignIn* way) {
  std::string values;
  for (const auto& [type, value] : connection.values) {
    values += fmt::format("{}:{}:{}:", type.size(), type, value.reveal().size());
    values += value.reveal();
  }
  const crypto::Sha256 print = crypto::sha256(values);
  wipe(values);
  std::string key = user.text;
  key += '\0';
  key += provider;
  key += '\0';
  key += connection.name;
  return key + fmt::format("|{}|{}", static_cast<const void*>(way), crypto::hex(print));
}

SignIns::TokenPtr SignIns::find(const std::string& key, WallTime now) {
  std::lock_guard lock(mutex_);
  const auto found = kept_.find(key);
  if (found == kept_.end()) return nullptr;
  if (found->second.good_until > now) return found->second.token;
  kept_.erase(found);
  return nullptr;
}

void SignIns::put(const std::string& key, TokenPtr token, WallTime now) {
  const WallTime until = good_until(*token, now);
  std::lock_guard lock(mutex_);
  if (kept_.size() >= kKept) {
    std::erase_if(kept_, [now](const auto& entry) { return entry.second.good_until <= now; });
    if (kept_.size() >= kKept) kept_.clear();
  }
  kept_[key] = {std::move(token), until};
}

void SignIns::drop(const std::string& key, const TokenPtr& refused) {
  std::lock_guard lock(mutex_);
  const auto found = kept_.find(key);
  if (found != kept_.end() && found->second.token == refused) kept_.erase(found);
}

}  // namespace pilot::engine
