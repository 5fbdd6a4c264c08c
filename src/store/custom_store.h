// Custom integrations: a user's own providers with their actions and their sealed credentials.
// Every call is by user: what is not theirs is not_found. Called on a shard, answered on the same
// shard.
#pragma once

#include "model/custom_integration.h"
#include "store/credential_store.h"
#include "store/page.h"

namespace pilot::store {

// What stands for a provider's name in SealedCredential and CredentialKey where the credential is
// a custom integration's; `connection` is the integration's id then.
inline constexpr std::string_view kCustomCredential = ":custom_integration";

class CustomStore {
 public:
  virtual ~CustomStore() = default;
  // With its actions, in one transaction. Code name_taken (conflict).
  virtual awaitable<Status> create_integration(CustomIntegration integration) = 0;
  // Replaces it and all of its actions; credentials, created_at and created_by stay. Codes
  // not_found, name_taken.
  virtual awaitable<Status> replace_integration(CustomIntegration integration) = 0;
  virtual awaitable<Result<CustomIntegration>> find_integration(UserId user,
                                                                CustomIntegrationId id) = 0;
  // None: the user has none of this name.
  virtual awaitable<Result<std::optional<CustomIntegration>>> find_integration_named(
      UserId user, std::string name) = 0;
  // Newest first, with actions and summaries, without manifests: {} stands for one that is there.
  virtual awaitable<Result<Page<CustomIntegration>>> list_integrations(UserId user,
                                                                       PageRequest page) = 0;
  virtual awaitable<Result<std::int64_t>> count_integrations(UserId user) = 0;
  // The summary that it lacked, unless it has been changed since `updated_at`. Nothing else is
  // changed by it, so no generation is raised.
  virtual awaitable<Status> put_summary(UserId user, CustomIntegrationId id, Json summary,
                                        WallTime updated_at) = 0;
  // Its actions and credentials go with it. Code not_found.
  virtual awaitable<Status> remove_integration(UserId user, CustomIntegrationId id) = 0;

  // `credential` has kCustomCredential and the integration's id; it is inserted, or replaces the
  // one of its type. Code not_found: there is no such integration.
  virtual awaitable<Status> put_custom_credential(SealedCredential credential) = 0;
  // All of one integration, by type.
  virtual awaitable<Result<std::vector<SealedCredential>>> custom_credentials(
      UserId user, CustomIntegrationId id) = 0;

  // What a test found: is_valid and last_validated_at of all that custom_credentials answers.
  virtual awaitable<Status> note_validation(UserId user, CustomIntegrationId id, bool valid,
                                            WallTime at) = 0;

  // Raised by every change of an integration that this process makes, before it is answered; where
  // other processes may change one, also by itself every second. Any thread. (Credentials raise
  // credential_generation().)
  virtual std::uint64_t custom_generation() const = 0;
};

}  // namespace pilot::store
