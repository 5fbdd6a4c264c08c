// The OAuth clients of this deployment: who Pilot is to each vendor, unless a user brings a client
// of their own (values client_id and client_secret of the connection). Immutable; any thread.
#pragma once

#include "providers/oauth2_request.h"
#include "providers/registry.h"

namespace pilot::providers {

class OAuthClients {
 public:
  OAuthClients() = default;
  // {"google": {"client_id": "...", "client_secret": "..."}, ...}; the secret may be left out.
  // Codes: invalid_oauth_clients, with the place in `pointer`; no message holds a value.
  static Result<OAuthClients> parse(const Json& document);

  std::size_t size() const { return clients_.size(); }
  const OAuthClient* find(std::string_view provider) const;

 private:
  std::map<std::string, OAuthClient, std::less<>> clients_;
};

// The client of a connection: its own, or the deployment's. The deployment's secret goes to the
// vendor only: never to a user's own integration, nor to a host that a field of the connection
// decides. Codes: no_oauth_client, which says what to set.
Result<OAuthClient> oauth_client_of(const Provider& provider, const Connection& connection,
                                    const OAuthClients& deployment);

// The URL's host is the vendor's, whatever the fields are: https://{{shop}}.example.com/token, but
// not {{base_url}}/token.
bool is_vendors_host(std::string_view url_template);

}  // namespace pilot::providers
