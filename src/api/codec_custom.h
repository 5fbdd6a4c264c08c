// Custom integrations between JSON and the store, in the old service's fields. Pure; any thread.
#pragma once

#include "api/credential_values.h"
#include "model/custom_integration.h"

namespace pilot::api {

// With what its summary says (api/custom_summaries.h): the fields of its connections, and the
// actions of a document. Secrets that stand in oauth_config of an old row are left out.
Json integration_json(const CustomIntegration& integration);

// What an `openapi` member asks for.
struct ImportInput {
  std::string text;  // the document as text; empty: it is `document`, or behind `url`
  std::string url;
  Json document;
  std::vector<std::string> include;
  std::string source_url;
};

struct IntegrationInput {
  CustomIntegration integration;
  std::vector<GivenCredential> secrets;  // that stood in oauth_config: they are sealed instead
  std::optional<ImportInput> import;
};

// `body` over `before` (POST: an empty one); what is absent stays. Its secrets are wiped by the
// caller. Codes wrong_type, invalid_value, unknown_key, missing_param.
Result<IntegrationInput> read_integration(const JsonObject& body, CustomIntegration before);

}  // namespace pilot::api
