// OAuth 2 as a scheme of manifests: with a user's access token, or with one that the client's (or
// a user's) own credentials are traded for (see schemes.h).
#include "providers/manifest/schemes.h"
#include "providers/oauth2_request.h"

namespace pilot::providers::manifest {
namespace {

constexpr std::string_view kToken = "access_token";

bool is_https(std::string_view url) {
  return url.starts_with("https://") || url.starts_with("{{") ||
         url.starts_with("http://127.0.0.1") || url.starts_with("http://localhost");
}

Status put_token(Draft& draft, const OAuth2& spec, std::string_view token) {
  std::string value =
      spec.prefix.empty() ? std::string(token) : fmt::format("{} {}", spec.prefix, token);
  put_header(draft.headers, spec.header, std::move(value), true);
  return ok();
}

// The code grant: somebody has connected, or has stored a token.
class UserToken final : public Scheme {
 public:
  explicit UserToken(std::shared_ptr<const OAuth2> spec)
      : Scheme("oauth2", {std::string(kToken)}), spec_(std::move(spec)) {}
  Status add(Draft& draft, const Fields& fields, const Call&) const override {
    const auto token = fields.get(kToken);
    if (!token) return token.error();
    return put_token(draft, *spec_, *token);
  }
  std::shared_ptr<const OAuth2> oauth2() const override { return spec_; }

 private:
  std::shared_ptr<const OAuth2> spec_;
};

// Client credentials, or a user's name and password, are traded for a token.
class TradedToken final : public Scheme {
 public:
  TradedToken(std::vector<std::string> needs, std::shared_ptr<const OAuth2> oauth,
              const ProviderSpec& spec)
      : Scheme("oauth2", std::move(needs)), oauth_(std::move(oauth)) {
    sign_in_.build = [this, &spec](const Call& call) { return request(spec, call); };
    sign_in_.read = [this](const Call& call, const http::Response& response) -> Result<Token> {
      Result<TokenGrant> grant = read_token_answer(*oauth_, response, call.now);
      if (!grant) return grant.error();
      return Token{std::move(grant->values), grant->expires_at};
    };
  }
  Status add(Draft& draft, const Fields& fields, const Call& call) const override {
    const auto token = fields.find(kToken);
    if (!token) return missing_credentials(call.provider, kToken);
    return put_token(draft, *oauth_, *token);
  }
  const SignIn* sign_in() const override { return &sign_in_; }

 private:
  Result<http::Request> request(const ProviderSpec& spec, const Call& call) const {
    const Fields fields(spec, call.connection);
    Connection filled;  // the token URL may name fields that have a default
    for (const auto& [name, field] : spec.fields) {
      const auto value = fields.find(name);
      if (!value) continue;
      filled.values.insert_or_assign(name, Secret(std::string(*value)));
    }
    OAuthClient client;
    client.id = fields.find("client_id").value_or("");
    client.secret = Secret(std::string(fields.find("client_secret").value_or("")));
    if (oauth_->grant == OAuth2::Grant::client) {
      return client_request(*oauth_, call.provider, filled, client);
    }
    return password_request(*oauth_, call.provider, filled, client,
                            fields.find("username").value_or(""),
                            fields.find("password").value_or(""));
  }

  std::shared_ptr<const OAuth2> oauth_;
  SignIn sign_in_;
};

OAuth2::Grant grant_named(const Map& map) {
  const std::string text = map.text("grant", "code");
  if (text == "client") return OAuth2::Grant::client;
  if (text == "password") return OAuth2::Grant::password;
  if (text != "code") map.fault("grant", "invalid_value", "`grant` is code, client or password");
  return OAuth2::Grant::code;
}

}  // namespace

SchemePtr make_oauth2(const SchemeSource& source) {
  const Map map = source.map();
  map.only({"grant", "authorize", "token", "refresh", "scopes", "sep", "pkce", "client_auth",
            "params", "token_params", "prefix", "header", "take"});
  auto spec = std::make_shared<OAuth2>();
  spec->grant = grant_named(map);
  spec->authorize = map.text("authorize");
  spec->token = map.text("token");
  spec->refresh = map.text("refresh");
  for (const std::string_view key : {"authorize", "token", "refresh"}) {
    const std::string url = map.text(key);
    if (!url.empty() && !is_https(url)) {
      map.fault(key, "insecure_url", fmt::format("`{}` of oauth2 must be an https URL", key));
    }
    if (const auto text = Text::parse(url))
      check_fields(*text, source.spec, map.at(key), source.faults);
  }
  if (spec->token.empty()) map.fault("", "missing_key", "`oauth2` needs `token`: a URL");
  if (spec->grant == OAuth2::Grant::code && spec->authorize.empty()) {
    map.fault("", "missing_key", "`oauth2` needs `authorize`: a URL");
  }
  spec->scopes = map.texts("scopes");
  spec->scope_separator = map.text("sep", " ");
  spec->pkce = map.flag("pkce", true);
  const std::string client_auth = map.text("client_auth", "body");
  spec->client_auth = client_auth == "basic"  ? OAuth2::ClientAuth::basic
                      : client_auth == "none" ? OAuth2::ClientAuth::none
                                              : OAuth2::ClientAuth::body;
  if (client_auth != "body" && client_auth != "basic" && client_auth != "none") {
    map.fault("client_auth", "invalid_value", "`client_auth` is body, basic or none");
  }
  if (const auto params = map.map("params")) spec->authorize_params = params->object();
  if (const auto params = map.map("token_params")) spec->token_params = params->object();
  spec->prefix = map.text("prefix", "Bearer");
  spec->header = map.text("header", "Authorization");
  if (const auto take = map.map("take")) {
    for (const auto& member : take->object()) {
      const std::string name(key_of(member));
      declare_field(source.spec, name, false);
      if (auto program = take->program(name)) spec->take.emplace_back(name, std::move(program));
    }
  }
  if (const auto id = source.spec.fields.find("client_id"); id != source.spec.fields.end()) {
    spec->client_id = id->second.fallback.value_or("");
  }
  declare_field(source.spec, "client_id", false);
  declare_field(source.spec, "client_secret", true);
  if (spec->grant == OAuth2::Grant::client) {
    return std::make_shared<TradedToken>(std::vector<std::string>{"client_id", "client_secret"},
                                         std::move(spec), source.spec);
  }
  if (spec->grant == OAuth2::Grant::password) {
    declare_field(source.spec, "username", false);
    declare_field(source.spec, "password", true);
    return std::make_shared<TradedToken>(std::vector<std::string>{"username", "password"},
                                         std::move(spec), source.spec);
  }
  declare_field(source.spec, "access_token", true);
  declare_field(source.spec, "refresh_token", true);
  return std::make_shared<UserToken>(std::move(spec));
}

}  // namespace pilot::providers::manifest
