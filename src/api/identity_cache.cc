#include "api/identity_cache.h"

#include "model/limits.h"

namespace pilot::api {

bool IdentityCache::is_fresh(const Age& age) const {
  return age.generation == generation_.now() && clock_.steady() - age.read < limits::kIdentityCache;
}

template <class Value>
const Value* IdentityCache::find(const Table<Value>& table, const std::string& name) const {
  const auto found = table.find(name);
  return found != table.end() && is_fresh(found->second.age) ? &found->second.value : nullptr;
}

template <class Value>
void IdentityCache::keep(Table<Value>& table, std::size_t most, std::string name, Value value,
                         Age age) {
  if (table.size() >= most && !table.contains(name)) table.clear();
  table.insert_or_assign(std::move(name), Entry<Value>{std::move(value), age});
}

// The age is taken before the store is asked: a change meanwhile makes the answer old at once.
awaitable<Result<IdentityCache::Key>> IdentityCache::key(std::string sha256) {
  if (const Key* known = find(keys_, sha256)) co_return *known;
  if (find(unknown_, sha256) != nullptr) co_return Key{};
  const Age age = now();
  auto found = co_await store_.find_key_by_hash(sha256);
  if (!found) co_return found.error();
  if (!*found) {
    keys_.erase(sha256);
    keep(unknown_, limits::kUnknownKeys, std::move(sha256), true, age);
    co_return Key{};
  }
  Key key = std::make_shared<const store::ApiKey>(std::move(**found));
  keep(keys_, limits::kCachedKeys, std::move(sha256), key, age);
  co_return key;
}

awaitable<Result<IdentityCache::Session>> IdentityCache::session(std::string sha256) {
  if (const Session* known = find(sessions_, sha256)) co_return *known;
  if (find(unknown_, sha256) != nullptr) co_return Session{};
  const Age age = now();
  auto found = co_await store_.find_session_by_hash(sha256);
  if (!found) co_return found.error();
  if (!*found) {
    sessions_.erase(sha256);
    keep(unknown_, limits::kUnknownKeys, std::move(sha256), true, age);
    co_return Session{};
  }
  Session session = std::make_shared<const store::LoginSession>(std::move(**found));
  keep(sessions_, limits::kCachedKeys, std::move(sha256), session, age);
  co_return session;
}

awaitable<Result<bool>> IdentityCache::owns(UserId owner, UserId user) {
  // Ids have no control characters, so no two pairs share a name.
  std::string name = owner.text + '\n' + user.text;
  if (const bool* known = find(owned_, name)) co_return *known;
  const Age age = now();
  const Result<bool> owns = co_await store_.owns_user(std::move(owner), std::move(user));
  if (owns) keep(owned_, limits::kCachedKeys, std::move(name), *owns, age);
  co_return owns;
}

awaitable<Result<bool>> IdentityCache::any_sign_in() {
  if (sign_in_ || is_fresh(sign_in_age_)) co_return sign_in_;
  const Age age = now();
  const Result<bool> any = co_await store_.any_sign_in();
  if (!any) co_return any;
  asked_ = true;
  sign_in_ = sign_in_ || *any;
  sign_in_age_ = age;
  co_return sign_in_;
}

std::size_t IdentityCache::size() const {
  return keys_.size() + sessions_.size() + owned_.size() + unknown_.size();
}

}  // namespace pilot::api
