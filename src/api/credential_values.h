// Credential values in a request's body, and their sealing: of provider connections and of custom
// integrations. Called on a shard.
#pragma once

#include "api/services.h"

namespace pilot::api {

struct GivenCredential {
  std::string type;
  Secret value;
};

// {type, value}, {credential_type, value} or {credentials: {type: value, ...}}. Codes wrong_type,
// invalid_value, missing_param; no message holds a value.
Result<std::vector<GivenCredential>> read_credential_values(const JsonObject& body);
Result<GivenCredential> read_credential(std::string_view type, const Json& value,
                                        std::string_view pointer);

// The row for the store, without provider and connection.
store::SealedCredential sealed_credential(const ApiPtr& api, const Request& request,
                                          const GivenCredential& given);

}  // namespace pilot::api
