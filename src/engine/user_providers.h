// The providers that a user's plans can name: those of Pilot, and the user's own (custom
// integrations), by name or as custom_<id>. A plan that names none of the user's own costs nothing.
// Process-wide or per shard; any thread, answered on the shard that asks.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <mutex>
#include <unordered_map>

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

  // Pilot's own, or with them those of the user's that the document's steps name. Codes:
  // integration_inactive, integration_invalid, the store's. What nobody knows is no error here.
  boost::asio::awaitable<Result<RegistryPtr>> of_document(const UserId& user, const Json& document);
  boost::asio::awaitable<Result<RegistryPtr>> named(UserId user, std::vector<std::string> names);

 private:
  struct Own {
    Stamp stamp;                                          // when the store was last asked
    std::shared_ptr<const providers::Provider> provider;  // null: there is none, or it is faulty
    std::optional<Error> fault;
  };
  boost::asio::awaitable<Result<Own>> own(UserId user, std::string name);
  Own made(const CustomIntegration& integration) const;

  store::CustomStore& store_;
  const RegistryPtr base_;
  std::mutex mutex_;
  std::unordered_map<std::string, Own> kept_;  // by user and name; under mutex_
};

// What the steps call their providers, each once, wherever they stand in the document (also in the
// old service's forms).
std::vector<std::string> provider_names(const Json& document);

// The custom integration of a name like custom_<id>; none: it is another kind of name.
std::optional<CustomIntegrationId> custom_id_of(std::string_view name);

}  // namespace pilot::engine
