// How a provider does OAuth 2 (RFC 6749, PKCE RFC 7636), as its manifest says it. Values; any
// thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "jq/jq.h"

namespace pilot::providers {

struct OAuth2 {
  enum class Grant { code, client, password };
  enum class ClientAuth { body, basic, none };

  Grant grant = Grant::code;
  // URL templates over the connection's fields: https://{{subdomain}}.example.com/oauth/token
  std::string authorize;
  std::string token;
  std::string refresh;  // empty: the token URL
  std::vector<std::string> scopes;
  std::string scope_separator = " ";
  std::string client_id;  // unless the connection names one; of users' own providers
  bool pkce = true;       // S256
  ClientAuth client_auth = ClientAuth::body;
  JsonObject authorize_params;  // more of the authorize URL's query: {access_type: offline}
  JsonObject token_params;      // more of the token request's form
  std::string header = "Authorization";
  std::string prefix = "Bearer";
  // Values of the token answer that become fields of the connection: {instance_url: .instance_url}
  std::vector<std::pair<std::string, jq::ProgramPtr>> take;
};

}  // namespace pilot::providers
