#include "providers/oauth2_request.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/sign.h"
#include "http/body.h"
#include "http/url.h"

namespace pilot::providers {
namespace {

enum class Part { scheme, host, path, query };

// Where the text that has been written so far leaves off.
Part part_at(std::string_view written) {
  const std::size_t scheme = written.find("://");
  if (scheme == std::string_view::npos) return Part::scheme;
  const std::string_view rest = written.substr(scheme + 3);
  const std::size_t slash = rest.find_first_of("/?#");
  if (slash == std::string_view::npos) return Part::host;
  return rest.find('?') == std::string_view::npos ? Part::path : Part::query;
}

Error invalid_field(std::string_view provider, std::string_view field, std::string_view why) {
  return invalid("invalid_connection", fmt::format("{} of the {} connection {}; set it with `pilot "
                                                   "credentials set {} {}`",
                                                   field, provider, why, provider, field));
}

bool is_host_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-';
  });
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") && is_host_text(host) &&
          host.find_first_not_of("0123456789.") == std::string_view::npos);
}

Result<std::string> put_in(std::string_view written, std::string_view field,
                           std::string_view provider, std::string_view value) {
  if (written.empty()) {
    const Result<http::Url> base = http::parse_url(value);
    if (!base || base->target.find('?') != std::string::npos) {
      return invalid_field(provider, field, "must be a URL like https://acme.example.com");
    }
    std::string text = base->text();
    while (text.ends_with('/')) text.pop_back();
    return text;
  }
  switch (part_at(written)) {
    case Part::host:
      if (is_host_text(value)) return std::string(value);
      return invalid_field(provider, field,
                           "stands in a host name: it may have letters, digits, '.' and '-'");
    case Part::path:
      return http::encode_segment(value);
    case Part::query:
      return http::encode_component(value);
    case Part::scheme:
      break;
  }
  return invalid("invalid_url",
                 fmt::format("{}'s OAuth URL has a field where its scheme stands", provider));
}

using Put = std::function<Result<std::string>(std::string_view written, std::string_view field,
                                              std::string_view value)>;

Result<std::string> fill(std::string_view text, std::string_view provider,
                         const Connection& connection, const Put& put) {
  std::string out;
  for (;;) {
    const std::size_t open = text.find("{{");
    out += text.substr(0, open);
    if (open == std::string_view::npos) return out;
    const std::size_t close = text.find("}}", open);
    if (close == std::string_view::npos) return out.append(text.substr(open));
    std::string_view field = text.substr(open + 2, close - open - 2);
    while (field.starts_with(' ')) field.remove_prefix(1);
    while (field.ends_with(' ')) field.remove_suffix(1);
    const auto value = connection.value(field);
    if (!value) return missing_credentials(provider, field);
    Result<std::string> filled = put(out, field, *value);
    if (!filled) return filled;
    out += *filled;
    text.remove_prefix(close + 2);
  }
}

void set(http::Pairs& pairs, std::string_view name, std::string value) {
  const auto found = std::ranges::find(pairs, name, &http::Pairs::value_type::first);
  if (found != pairs.end()) {
    found->second = std::move(value);
  } else {
    pairs.emplace_back(name, std::move(value));
  }
}

bool has(const http::Pairs& pairs, std::string_view name) {
  return std::ranges::find(pairs, name, &http::Pairs::value_type::first) != pairs.end();
}

// More parameters of the provider's; texts may have {{fields}}.
Status add_params(http::Pairs& pairs, const JsonObject& params, std::string_view provider,
                  const Connection& connection) {
  for (const auto& member : params) {
    const Json& value = member.value();
    if (value.is_null()) continue;
    std::string text =
        value.is_string() ? std::string(as_view(value.get_string())) : to_json(value);
    const auto plain = [](std::string_view, std::string_view,
                          std::string_view given) -> Result<std::string> {
      return std::string(given);
    };
    Result<std::string> filled = fill(text, provider, connection, plain);
    if (!filled) return filled.error();
    set(pairs, std::string_view(member.key().data(), member.key().size()), std::move(*filled));
  }
  return ok();
}

std::string joined_scopes(const OAuth2& oauth) {
  return fmt::format("{}", fmt::join(oauth.scopes, oauth.scope_separator));
}

Result<http::Request> token_request(const OAuth2& oauth, std::string_view provider,
                                    const Connection& connection, const OAuthClient& client,
                                    const std::string& url_template, http::Pairs form) {
  Result<std::string> url = oauth_url(url_template, provider, connection);
  if (!url) return url.error();
  http::Request request{.method = "POST", .url = std::move(*url), .follow_redirects = false};
  request.max_response_bytes = limits::kTokenAnswer;
  request.headers.push_back({.name = "Accept", .value = "application/json"});
  request.headers.push_back({.name = "Content-Type", .value = "application/x-www-form-urlencoded"});
  const bool basic = oauth.client_auth == OAuth2::ClientAuth::basic && !client.secret.empty();
  if (basic) {
    // RFC 6749 2.3.1: each half is form-encoded first.
    const std::string pair = fmt::format("{}:{}", http::encode_form_component(client.id),
                                         http::encode_form_component(client.secret.reveal()));
    request.headers.push_back({.name = "Authorization",
                               .value = fmt::format("Basic {}", crypto::base64(pair)),
                               .sensitive = true});
  } else {
    form.emplace_back("client_id", client.id);
    if (oauth.client_auth != OAuth2::ClientAuth::none && !client.secret.empty()) {
      form.emplace_back("client_secret", std::string(client.secret.reveal()));
    }
  }
  if (Status added = add_params(form, oauth.token_params, provider, connection); !added) {
    return added.error();
  }
  request.body = http::encode_form(form);
  request.has_body = true;
  return request;
}

}  // namespace

Result<std::string> oauth_url(std::string_view url_template, std::string_view provider,
                              const Connection& connection) {
  const auto put = [provider](std::string_view written, std::string_view field,
                              std::string_view value) {
    return put_in(written, field, provider, value);
  };
  Result<std::string> text = fill(url_template, provider, connection, put);
  if (!text) return text;
  const Result<http::Url> url = http::parse_url(*text);
  if (!url) return url.error().prefixed(fmt::format("{}'s OAuth URL", provider));
  if (url->scheme != "https" && !is_loopback(url->host)) {
    return invalid("invalid_url",
                   fmt::format("{}'s OAuth URL is not https; tokens go over TLS only", provider));
  }
  return url->text();
}

std::string make_code_verifier(std::string_view random32) {
  return crypto::base64url_bare(random32);
}

std::string code_challenge(std::string_view verifier) {
  return crypto::base64url_bare(crypto::as_text(crypto::sha256(verifier)));
}

Result<std::string> authorize_url(const OAuth2& oauth, std::string_view provider,
                                  const Connection& connection, const AuthorizeOrder& order) {
  Result<std::string> url = oauth_url(oauth.authorize, provider, connection);
  if (!url) return url;
  http::Pairs query;
  if (Status added = add_params(query, oauth.authorize_params, provider, connection); !added) {
    return added.error();
  }
  if (!oauth.scopes.empty() && !has(query, "scope")) set(query, "scope", joined_scopes(oauth));
  // What ties the answer to us is nobody's to change.
  set(query, "response_type", "code");
  set(query, "client_id", order.client_id);
  set(query, "redirect_uri", order.redirect_uri);
  set(query, "state", order.state);
  if (oauth.pkce) {
    set(query, "code_challenge", code_challenge(order.code_verifier));
    set(query, "code_challenge_method", "S256");
  }
  return http::with_query(*url, query);
}

Result<http::Request> code_request(const OAuth2& oauth, std::string_view provider,
                                   const Connection& connection, const OAuthClient& client,
                                   std::string_view code, const AuthorizeOrder& order) {
  http::Pairs form{{"grant_type", "authorization_code"},
                   {"code", std::string(code)},
                   {"redirect_uri", order.redirect_uri}};
  if (oauth.pkce) form.emplace_back("code_verifier", order.code_verifier);
  return token_request(oauth, provider, connection, client, oauth.token, std::move(form));
}

Result<http::Request> refresh_request(const OAuth2& oauth, std::string_view provider,
                                      const Connection& connection, const OAuthClient& client,
                                      std::string_view refresh_token) {
  http::Pairs form{{"grant_type", "refresh_token"}, {"refresh_token", std::string(refresh_token)}};
  return token_request(oauth, provider, connection, client,
                       oauth.refresh.empty() ? oauth.token : oauth.refresh, std::move(form));
}

Result<http::Request> client_request(const OAuth2& oauth, std::string_view provider,
                                     const Connection& connection, const OAuthClient& client) {
  http::Pairs form{{"grant_type", "client_credentials"}};
  if (!oauth.scopes.empty()) form.emplace_back("scope", joined_scopes(oauth));
  return token_request(oauth, provider, connection, client, oauth.token, std::move(form));
}

Result<http::Request> password_request(const OAuth2& oauth, std::string_view provider,
                                       const Connection& connection, const OAuthClient& client,
                                       std::string_view username, std::string_view password) {
  http::Pairs form{{"grant_type", "password"},
                   {"username", std::string(username)},
                   {"password", std::string(password)}};
  if (!oauth.scopes.empty()) form.emplace_back("scope", joined_scopes(oauth));
  return token_request(oauth, provider, connection, client, oauth.token, std::move(form));
}

}  // namespace pilot::providers
