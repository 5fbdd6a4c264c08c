// Schemes with a token that runs out: signed claims (JWT) and log-ins (see schemes.h).
#include <charconv>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/sign.h"
#include "http/body.h"
#include "providers/answer.h"
#include "providers/duration.h"
#include "providers/http_call.h"
#include "providers/manifest/schemes.h"

namespace pilot::providers::manifest {
namespace {

constexpr std::string_view kToken = "access_token";

std::string bearer_value(std::string_view prefix, std::string_view token) {
  return prefix.empty() ? std::string(token) : fmt::format("{} {}", prefix, token);
}

bool is_https(std::string_view url) {
  return url.starts_with("https://") || url.starts_with("{{") ||
         url.starts_with("http://127.0.0.1") || url.starts_with("http://localhost");
}

// Values of a JSON document, all texts with {{fields}} filled in.
Result<Json> filled(const Json& value, const Fields& fields) {
  if (value.is_string()) {
    const Result<Text> text = Text::parse(as_view(value.get_string()));
    if (!text) return text.error();
    Result<std::string> out = fields.fill(*text);
    if (!out) return out.error();
    return Json(std::move(*out));
  }
  if (value.is_object()) {
    JsonObject out;
    for (const auto& member : value.get_object()) {
      Result<Json> inner = filled(member.value(), fields);
      if (!inner) return inner.error();
      out[member.key()] = std::move(*inner);
    }
    return Json(std::move(out));
  }
  return value;
}

// The expiry that an answer tells in seconds from now, or as an instant (epoch).
std::optional<WallTime> expiry_of(const Json& value, WallTime now) {
  double number = 0;
  if (value.is_number()) {
    number = value.to_number<double>();
  } else if (value.is_string()) {
    const std::string_view text = as_view(value.get_string());
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{}) {
      const Result<WallTime> instant = parse_rfc3339(text);
      return instant ? std::optional(*instant) : std::nullopt;
    }
  }
  if (!(number > 0) || number > 1e13) return std::nullopt;
  if (number > 1e11) number /= 1000;  // milliseconds since 1970
  const auto seconds = std::chrono::seconds{static_cast<std::int64_t>(number)};
  return number > 1e9 ? WallTime{seconds} : now + seconds;
}

// --- jwt

struct JwtForm {
  std::string alg;
  JsonObject claims;
  std::chrono::seconds ttl{3600};
  std::string key_field;
  bool hex_key = false;
  std::string key_id_field;  // empty: no kid
  std::string header;
  std::string prefix;
  std::string exchange;  // empty: the token itself signs in
};

class Jwt final : public Scheme {
 public:
  Jwt(std::vector<std::string> needs, JwtForm form, const ProviderSpec& spec)
      : Scheme("jwt", std::move(needs)), form_(std::move(form)) {
    if (form_.exchange.empty()) return;
    sign_in_.build = [this, &spec](const Call& call) { return trade(spec, call); };
    sign_in_.read = [](const Call& call, const http::Response& r) { return token_of(call, r); };
  }
  Status add(Draft& draft, const Fields& fields, const Call& call) const override {
    Result<std::string> token = std::string();
    if (form_.exchange.empty()) {
      token = made(fields, call.now);
    } else if (const auto got = fields.find(kToken)) {
      token = std::string(*got);
    } else {
      token = missing_credentials(call.provider, kToken);
    }
    if (!token) return token.error();
    put_header(draft.headers, form_.header, bearer_value(form_.prefix, *token), true);
    return ok();
  }
  const SignIn* sign_in() const override { return form_.exchange.empty() ? nullptr : &sign_in_; }

 private:
  Result<std::string> made(const Fields& fields, WallTime now) const {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    Result<Json> claims = filled(Json(form_.claims), fields);
    if (!claims) return claims.error();
    JsonObject& body = claims->get_object();
    if (!body.contains("iat")) body["iat"] = seconds;
    if (!body.contains("exp")) body["exp"] = seconds + form_.ttl.count();
    JsonObject head{{"alg", form_.alg}, {"typ", "JWT"}};
    if (const auto id = fields.find(form_.key_id_field)) head["kid"] = *id;
    const std::string text = fmt::format("{}.{}", crypto::base64url_bare(to_json(Json(head))),
                                         crypto::base64url_bare(to_json(*claims)));
    const auto key = fields.get(form_.key_field);
    if (!key) return key.error();
    const Result<std::string> bytes =
        form_.hex_key ? crypto::decode_hex(*key) : Result<std::string>(std::string(*key));
    if (!bytes) return bytes.error().prefixed(form_.key_field);
    const Result<std::string> signature = crypto::sign_jws(form_.alg, *bytes, text);
    if (!signature) return signature.error().prefixed(form_.key_field);
    return fmt::format("{}.{}", text, crypto::base64url_bare(*signature));
  }

  // RFC 7523 2.1
  Result<http::Request> trade(const ProviderSpec& spec, const Call& call) const {
    const Fields fields(spec, call.connection);
    const Result<std::string> token = made(fields, call.now);
    if (!token) return token.error();
    http::Request request{.method = "POST", .url = form_.exchange, .follow_redirects = false};
    set_body(request,
             http::encode_form({{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                                {"assertion", *token}}),
             "application/x-www-form-urlencoded");
    return request;
  }

  static Result<Token> token_of(const Call& call, const http::Response& response) {
    const Result<Json> body = json_body(response);
    const std::string token(body ? string_or(*body, kToken) : "");
    if (!is_success(response) || token.empty()) {
      return invalid("sign_in_failed", fmt::format("no token for the signed claim: HTTP {} {}",
                                                   response.status, vendor_message(response)));
    }
    Token out;
    out.values.emplace(std::string(kToken), Secret(token));
    if (const Json* life = find(*body, "expires_in")) out.expires_at = expiry_of(*life, call.now);
    return out;
  }

  JwtForm form_;
  SignIn sign_in_;
};

// --- exchange

struct ExchangeForm {
  std::string method;
  Text url;
  bool absolute = false;
  Json send;          // texts with {{fields}}
  bool form = false;  // else JSON
  std::vector<std::pair<std::string, Text>> headers;
  jq::ProgramPtr token;
  jq::ProgramPtr expires;
  std::string place;  // header, query, cookie
  std::string name;
  std::string prefix;
};

class Exchange final : public Scheme {
 public:
  Exchange(std::vector<std::string> needs, ExchangeForm form, const ProviderSpec& spec)
      : Scheme("exchange", std::move(needs)), form_(std::move(form)) {
    sign_in_.build = [this, &spec](const Call& call) { return log_in(spec, call); };
    sign_in_.read = [this](const Call& call, const http::Response& r) { return read(call, r); };
  }
  Status add(Draft& draft, const Fields& fields, const Call& call) const override {
    const auto token = fields.find("session_token");
    if (!token) return missing_credentials(call.provider, "session_token");
    std::string value = bearer_value(form_.prefix, *token);
    if (form_.place == "query") {
      draft.query.emplace_back(form_.name, std::move(value));
    } else if (form_.place == "cookie") {
      put_header(draft.headers, "Cookie", fmt::format("{}={}", form_.name, value), true);
    } else {
      put_header(draft.headers, form_.name, std::move(value), true);
    }
    return ok();
  }
  const SignIn* sign_in() const override { return &sign_in_; }

 private:
  Result<http::Request> log_in(const ProviderSpec& spec, const Call& call) const {
    const Fields fields(spec, call.connection);
    Result<std::string> url = fields.fill(form_.url);
    if (!url) return url.error();
    if (!form_.absolute) {
      const Result<std::string> base = fields.fill(spec.base);
      if (!base) return base.error();
      *url = *base + *url;
    }
    http::Request request{.method = form_.method, .url = *url, .follow_redirects = false};
    for (const auto& [name, text] : form_.headers) {
      Result<std::string> value = fields.fill(text);
      if (!value) return value.error();
      set_header(request, name, std::move(*value), true);
    }
    const Result<Json> body = filled(form_.send, fields);
    if (!body) return body.error();
    if (form_.form && body->is_object()) {
      http::Pairs pairs;
      for (const auto& member : body->get_object()) {
        pairs.emplace_back(std::string(key_of(member)),
                           scalar_text(member.value()).value_or(to_json(member.value())));
      }
      set_body(request, http::encode_form(pairs), "application/x-www-form-urlencoded");
    } else if (!body->is_null()) {
      set_json_body(request, *body);
    }
    return request;
  }

  Result<Token> read(const Call& call, const http::Response& response) const {
    const auto refused = [&](std::string_view why) {
      return invalid("sign_in_failed",
                     fmt::format("the log-in gave no token: HTTP {} {}", response.status, why));
    };
    if (!is_success(response)) return refused(vendor_message(response));
    Result<Json> body = json_body(response);
    const Json input = body ? std::move(*body) : Json(response.body);
    JsonObject vars{{"status", response.status}, {"params", nullptr}};
    JsonObject headers;
    for (const http::Header& header : response.headers) {
      if (is_valid_utf8(header.value)) headers[lower(header.name)] = header.value;
    }
    vars["headers"] = std::move(headers);
    const auto token = jq::run_first(*form_.token, input, vars);
    if (!token || !*token || !scalar_text(**token)) return refused("(`token` found nothing)");
    Token out;
    out.values.emplace("session_token", Secret(*scalar_text(**token)));
    if (form_.expires) {
      const auto expires = jq::run_first(*form_.expires, input, vars);
      if (expires && *expires) out.expires_at = expiry_of(**expires, call.now);
    }
    return out;
  }

  ExchangeForm form_;
  SignIn sign_in_;
};

void declare_all(const Map& map, ProviderSpec& spec) {
  for (const auto& member : map.object()) {
    if (!member.value().is_string()) continue;
    if (const auto text = Text::parse(as_view(member.value().get_string()))) {
      declare_fields(spec, *text);
    }
  }
}

}  // namespace

SchemePtr make_jwt(const SchemeSource& source) {
  const Map map = source.map();
  map.only(
      {"alg", "claims", "ttl", "header", "prefix", "exchange", "key", "key_encoding", "key_id"});
  JwtForm form;
  form.alg = map.text("alg", "RS256");
  if (const auto claims = map.map("claims")) {
    form.claims = claims->object();
    declare_all(*claims, source.spec);
  }
  if (map.has("ttl")) {
    const auto ttl = parse_duration(map.text("ttl"));
    if (ttl) form.ttl = std::chrono::duration_cast<std::chrono::seconds>(*ttl);
    if (!ttl) map.fault("ttl", "invalid_value", ttl.error().message);
  }
  form.key_field = map.text("key", form.alg.starts_with("HS") ? "secret" : "private_key");
  const std::string encoding = map.text("key_encoding", "text");
  form.hex_key = encoding == "hex";
  if (encoding != "hex" && encoding != "text") {
    map.fault("key_encoding", "invalid_value", "text or hex");
  }
  form.key_id_field = map.text("key_id", "private_key_id");
  form.header = map.text("header", "Authorization");
  form.prefix = map.text("prefix", "Bearer");
  form.exchange = map.text("exchange");
  if (!form.exchange.empty() && !is_https(form.exchange)) {
    map.fault("exchange", "insecure_url", "`exchange` must be an https URL");
  }
  declare_field(source.spec, form.key_field, true);
  declare_field(source.spec, form.key_id_field, false);
  std::vector<std::string> needs{form.key_field};
  for (const auto& member : form.claims) {
    if (!member.value().is_string()) continue;
    const auto text = Text::parse(as_view(member.value().get_string()));
    if (!text) continue;
    for (std::string& name : text->names(Text::Piece::Kind::field)) needs.push_back(name);
  }
  return std::make_shared<Jwt>(std::move(needs), std::move(form), source.spec);
}

SchemePtr make_exchange(const SchemeSource& source) {
  const Map map = source.map();
  map.only({"do", "send", "body", "headers", "token", "expires", "use", "prefix"});
  ExchangeForm form;
  const std::string call = map.text("do");
  const std::size_t space = call.find(' ');
  form.method = call.substr(0, space);
  const Json url(space == std::string::npos ? "" : call.substr(space + 1));
  if (auto text = compile_text(url, map.at("do"), map.faults())) form.url = std::move(*text);
  form.absolute = !as_view(url.get_string()).starts_with('/');
  if (form.absolute && !is_https(as_view(url.get_string()))) {
    map.fault("do", "invalid_value", "`do` is METHOD /path, like POST /login, or an https URL");
  }
  if (const Json* send = map.get("send")) form.send = *send;
  form.form = map.text("body", "json") == "form";
  if (const auto headers = map.map("headers")) {
    declare_all(*headers, source.spec);
    for (const auto& member : headers->object()) {
      auto text = compile_text(member.value(), headers->at(key_of(member)), map.faults());
      if (text) form.headers.emplace_back(std::string(key_of(member)), std::move(*text));
    }
  }
  form.token = map.program("token");
  form.expires = map.program("expires");
  const std::string use = map.text("use", "header.Authorization");
  const std::size_t dot = use.find('.');
  form.place = use.substr(0, dot);
  form.name = dot == std::string::npos ? "" : use.substr(dot + 1);
  form.prefix = map.text("prefix", use == "header.Authorization" ? "Bearer" : "");
  if (!form.token) map.fault("", "missing_key", "`exchange` needs `token`: a jq program");
  if (form.name.empty()) map.fault("use", "invalid_value", "`use` is header.NAME or query.NAME");
  std::vector<std::string> needs;
  std::function<void(const Json&)> collect = [&](const Json& value) {
    if (value.is_object()) {
      for (const auto& member : value.get_object()) collect(member.value());
    }
    if (!value.is_string()) return;
    const auto text = Text::parse(as_view(value.get_string()));
    if (!text) return;
    declare_fields(source.spec, *text);
    for (std::string& name : text->names(Text::Piece::Kind::field)) needs.push_back(name);
  };
  collect(form.send);
  if (const Json* headers = map.get("headers")) collect(*headers);
  return std::make_shared<Exchange>(std::move(needs), std::move(form), source.spec);
}

}  // namespace pilot::providers::manifest
