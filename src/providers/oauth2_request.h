// The requests of OAuth 2 and what their answers mean: where a user is sent (RFC 6749 4.1.1, PKCE
// RFC 7636), how a code, a refresh token, a client or a password is traded for tokens, and what the
// token endpoint said. Nothing here waits or knows where values are kept. Pure; any thread.
//
// Errors never hold a secret of ours; what a vendor says is cut, and is to be masked and escaped by
// whoever shows it.
#pragma once

#include "providers/action.h"
#include "providers/oauth2.h"

namespace pilot::providers {

// Who we are to the vendor. A public client has no secret.
struct OAuthClient {
  std::string id;
  Secret secret;
};

struct AuthorizeOrder {
  std::string client_id;
  std::string redirect_uri;
  std::string state;
  std::string code_verifier;  // used if the provider does PKCE
};

// What a token endpoint gave.
struct TokenGrant {
  // access_token, refresh_token if there is one, and the fields that the provider takes.
  std::map<std::string, Secret, std::less<>> values;
  std::optional<WallTime> expires_at;  // of the access token
  std::optional<std::string> scope;    // granted, as the answer has it; none: not said
};

// A URL template with {{fields}} filled from the connection: in the host a value may have letters,
// digits, '.' and '-' only; in path and query it is encoded; at the very start it must be a whole
// URL (a vendor that people run themselves). The result is https, or http to this machine itself.
// Codes: missing_credentials, invalid_connection, invalid_url.
Result<std::string> oauth_url(std::string_view url_template, std::string_view provider,
                              const Connection& connection);

// 43 characters of 256 bits, and the S256 challenge of a verifier.
std::string make_code_verifier(std::string_view random32);
std::string code_challenge(std::string_view verifier);

// Codes: those of oauth_url.
Result<std::string> authorize_url(const OAuth2& oauth, std::string_view provider,
                                  const Connection& connection, const AuthorizeOrder& order);

// Token requests. They follow no redirect and take a small answer only. Codes: those of oauth_url.
Result<http::Request> code_request(const OAuth2& oauth, std::string_view provider,
                                   const Connection& connection, const OAuthClient& client,
                                   std::string_view code, const AuthorizeOrder& order);
Result<http::Request> refresh_request(const OAuth2& oauth, std::string_view provider,
                                      const Connection& connection, const OAuthClient& client,
                                      std::string_view refresh_token);
Result<http::Request> client_request(const OAuth2& oauth, std::string_view provider,
                                     const Connection& connection, const OAuthClient& client);
Result<http::Request> password_request(const OAuth2& oauth, std::string_view provider,
                                       const Connection& connection, const OAuthClient& client,
                                       std::string_view username, std::string_view password);

// JSON, or a form as old GitHub answers. Codes: invalid_grant (the code or the refresh token is not
// good, or not any more), token_refused (any other word of the vendor), bad_token_answer (HTML, no
// token, too large), token_endpoint_busy (unavailable: worth another try).
Result<TokenGrant> read_token_answer(const OAuth2& oauth, const http::Response& response,
                                     WallTime now);

// "a b,c" in a provider's own way: the words between its separator, spaces and commas.
std::vector<std::string> split_scopes(std::string_view scope);

}  // namespace pilot::providers
