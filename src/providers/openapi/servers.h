// Where an API is: servers of OpenAPI, host and basePath of Swagger, with variables as settings of
// the connection.
#pragma once

#include "providers/openapi/document.h"

namespace pilot::providers::openapi {

struct Address {
  std::string base;   // a template over `fields`
  JsonObject fields;  // as the manifest has them
};

// Code invalid_url when `given` (instead of the document's) is no URL. A document that does not say
// it leads to a setting base_url.
Result<Address> find_address(const Document& document, std::string_view given,
                             std::string_view source_url, Notes& notes);

// The server that a path or an operation names for itself; empty: the provider's. None with a note
// when it cannot be used.
std::optional<std::string> own_server(const Json& owner, const Address& usual,
                                      std::string_view source_url, Notes& notes);

// An absolute URL of authorize, token and docs; empty when it cannot be used.
std::string absolute_url(std::string_view url, std::string_view base);

}  // namespace pilot::providers::openapi
