// What the store said about keys, sessions and ownership, for a second at most: so that a check
// costs no look into the store, and a revoked key is refused within a second on every node (at once
// in the process that revoked it). Bounded; what nobody has is remembered, too. One per shard.
#pragma once

#include <atomic>
#include <memory>
#include <unordered_map>

#include "base/clock.h"
#include "store/identity_store.h"

namespace pilot::api {

using boost::asio::awaitable;

// Raised after every change of users, keys and sessions by this process.
class IdentityGeneration {
 public:
  void raise() { value_.fetch_add(1, std::memory_order_release); }
  std::uint64_t now() const { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<std::uint64_t> value_{1};
};

class IdentityCache {
 public:
  using Key = std::shared_ptr<const store::ApiKey>;            // null: there is none
  using Session = std::shared_ptr<const store::LoginSession>;  // null: there is none

  IdentityCache(store::IdentityStore& store, const Clock& clock,
                const IdentityGeneration& generation)
      : store_(store), clock_(clock), generation_(generation) {}

  // Expiry is for the caller to judge. Errors are the store's.
  awaitable<Result<Key>> key(std::string sha256);
  awaitable<Result<Session>> session(std::string sha256);
  awaitable<Result<bool>> owns(UserId owner, UserId user);
  // Once true it stays so.
  awaitable<Result<bool>> any_sign_in();
  // It was asked, and there was none: what is known without asking.
  bool known_open() const { return asked_ && !sign_in_; }

  std::size_t size() const;

 private:
  struct Age {
    SteadyTime read{};
    std::uint64_t generation = 0;
  };
  template <class Value>
  struct Entry {
    Value value;
    Age age;
  };
  // Past its bound it begins anew: what is in use comes back with one look each.
  template <class Value>
  using Table = std::unordered_map<std::string, Entry<Value>>;

  Age now() const { return {clock_.steady(), generation_.now()}; }
  bool is_fresh(const Age& age) const;
  template <class Value>
  const Value* find(const Table<Value>& table, const std::string& name) const;
  template <class Value>
  void keep(Table<Value>& table, std::size_t most, std::string name, Value value, Age age);

  store::IdentityStore& store_;
  const Clock& clock_;
  const IdentityGeneration& generation_;
  Table<Key> keys_;
  Table<Session> sessions_;
  Table<bool> owned_;
  Table<bool> unknown_;  // hashes of no key and no session: strangers cannot push out the others
  bool asked_ = false;
  bool sign_in_ = false;
  Age sign_in_age_;
};

}  // namespace pilot::api
