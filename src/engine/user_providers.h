// The providers that a user's plans can name: those of Pilot, and the user's own (custom
// integrations), by name or as custom_<id>. A plan that names none of the user's own costs nothing.
// Process-wide or per shard; any thread, answered on the shard that asks. Ends before the
// io_contexts of those that wait in it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <mutex>
#include <unordered_map>

#include "base/blocking_pool.h"
#include "providers/registry.h"
#include "store/custom_store.h"

namespace pilot::engine {

using RegistryPtr = std::shared_ptr<const providers::Registry>;

class UserProviders {
 public:
  UserProviders(store::CustomStore& store, RegistryPtr base)
      : store_(store), base_(std::move(base)) {}

  const RegistryPtr& base() const { return base_; }
  // When an answer was given, and whether one that was given then still holds. Of Pilot's own
  // providers that is for as long as they do not change; the user's own may change at any time.
  struct Stamp {
    std::uint64_t pilots = 0;
    std::uint64_t users = 0;
    bool operator==(const Stamp&) const = default;
  };
  Stamp stamp() const { return {base_->generation(), store_.custom_generation()}; }
  bool holds(const RegistryPtr& answer, const Stamp& given) const {
    return answer == base_ ? given.pilots == base_->generation() : given == stamp();
  }

  // Pilot's own, or with them those of the user's that the document's steps name. One that is
  // switched off or cannot be loaded is unusable in it: integration_inactive, integration_invalid.
  // What nobody knows is no error here. Codes: the store's.
  boost::asio::awaitable<Result<RegistryPtr>> of_document(const UserId& user, const Json& document);
  boost::asio::awaitable<Result<RegistryPtr>> named(UserId user, std::vector<std::string> names);

 private:
  // One that the user has. What has not changed when it is read again stays the same provider: the
  // tokens that its sign-ins have got are kept by it.
  struct Own {
    std::string print;                                    // of all that it was made of
    std::size_t weight = 0;                               // bytes, about
    std::shared_ptr<const providers::Provider> provider;  // null: it is unusable
    providers::Unusable fault;
  };
  using OwnPtr = std::shared_ptr<const Own>;
  struct Kept {
    Stamp stamp;  // when the store was last asked
    OwnPtr own;
  };
  // Null: there is none.
  boost::asio::awaitable<Result<OwnPtr>> own(UserId user, std::string name);
  boost::asio::awaitable<Result<std::optional<CustomIntegration>>> read(UserId user,
                                                                        std::string name);
  boost::asio::awaitable<OwnPtr> made(CustomIntegration integration, OwnPtr before);
  OwnPtr make(const CustomIntegration& integration, const OwnPtr& before) const;
  void keep(const std::string& key, Kept kept);
  BlockingPool& pool();

  store::CustomStore& store_;
  const RegistryPtr base_;
  std::mutex mutex_;                            // of all below
  std::unordered_map<std::string, Kept> kept_;  // by user and name
  std::size_t weight_ = 0;                      // of all that is kept
  std::unique_ptr<BlockingPool> pool_;          // for large ones; made when there is one
};

// What the steps call their providers, each once, wherever they stand in the document (also in the
// old service's forms).
std::vector<std::string> provider_names(const Json& document);

// The custom integration of a name like custom_<id>; none: it is another kind of name.
std::optional<CustomIntegrationId> custom_id_of(std::string_view name);

}  // namespace pilot::engine
