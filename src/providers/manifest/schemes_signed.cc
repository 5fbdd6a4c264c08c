// Schemes that sign the finished request: OAuth 1.0a, AWS Signature Version 4 and plain HMAC (see
// schemes.h).
#include <algorithm>

#include "base/crypto.h"
#include "base/sign.h"
#include "http/url.h"
#include "providers/http_call.h"
#include "providers/manifest/aws.h"
#include "providers/manifest/oauth1.h"
#include "providers/manifest/schemes.h"

namespace pilot::providers::manifest {
namespace {

class OAuth1 final : public Scheme {
 public:
  OAuth1(crypto::Hash hash, bool realm)
      : Scheme("oauth1", {"consumer_key", "consumer_secret", "access_token", "token_secret"}),
        hash_(hash),
        realm_(realm) {}
  Status sign(http::Request& request, const Fields& fields, const Call& call) const override {
    OAuth1Keys keys;
    keys.consumer_key = fields.find("consumer_key").value_or("");
    keys.consumer_secret = fields.find("consumer_secret").value_or("");
    keys.token = fields.find("access_token").value_or("");
    keys.token_secret = fields.find("token_secret").value_or("");
    if (realm_) keys.realm = fields.find("realm").value_or("");
    // Unlike from call to call and from try to try, and needs no randomness of its own.
    const std::string seed = fmt::format("{}{}{}{}", call.idempotency_key, call.attempt,
                                         call.now.time_since_epoch().count(), request.url);
    const std::string nonce = crypto::hex(crypto::sha256(seed)).substr(0, 32);
    Result<std::string> header = oauth1_header(request, keys, hash_, nonce, call.now);
    if (!header) return header.error();
    set_header(request, "Authorization", std::move(*header), true);
    return ok();
  }

 private:
  crypto::Hash hash_;
  bool realm_;
};

class Aws final : public Scheme {
 public:
  Aws(Text service, Text region)
      : Scheme("aws", {"access_key_id", "secret_access_key"}),
        service_(std::move(service)),
        region_(std::move(region)) {}
  Status sign(http::Request& request, const Fields& fields, const Call& call) const override {
    const Result<std::string> region = fields.fill(region_);
    if (!region) return region.error();
    const Result<std::string> service = fields.fill(service_);
    if (!service) return service.error();
    AwsKeys keys;
    keys.access_key_id = fields.find("access_key_id").value_or("");
    keys.secret_access_key = fields.find("secret_access_key").value_or("");
    keys.session_token = fields.find("session_token").value_or("");
    return sign_aws(request, keys, *service, *region, call.now);
  }

 private:
  Text service_;
  Text region_;
};

class Hmac final : public Scheme {
 public:
  struct Form {
    Text sign;  // {method} {path} {query} {body} {time}
    crypto::Hash hash = crypto::Hash::sha256;
    std::string encoding;  // hex, base64
    std::string secret;    // field
    std::string place;     // header, query
    std::string name;
    Text value;              // what goes there; {signature}, {time}, {{fields}}
    std::string time_place;  // header, query; empty: the vendor is not told
    std::string time_name;
    bool millis = false;
  };
  Hmac(std::vector<std::string> needs, Form form)
      : Scheme("hmac", std::move(needs)), form_(std::move(form)) {}

  Status sign(http::Request& request, const Fields& fields, const Call& call) const override {
    const auto since = call.now.time_since_epoch();
    const std::string time =
        form_.millis
            ? std::to_string(std::chrono::duration_cast<Millis>(since).count())
            : std::to_string(std::chrono::duration_cast<std::chrono::seconds>(since).count());
    if (form_.time_place == "query") {
      Result<std::string> timed = http::with_query(request.url, {{form_.time_name, time}});
      if (!timed) return timed.error();
      request.url = std::move(*timed);
    }
    const Result<http::Url> url = http::parse_url(request.url);
    if (!url) return url.error();
    const std::size_t mark = url->target.find('?');
    std::map<std::string, std::string, std::less<>> parts{
        {"method", request.method},
        {"path", url->target.substr(0, mark)},
        {"query", mark == std::string::npos ? "" : url->target.substr(mark + 1)},
        {"body", request.body},
        {"time", time}};
    const auto lookup = [&](const Text::Piece& piece) -> Result<std::string> {
      if (piece.kind == Text::Piece::Kind::param) return parts[piece.text];
      const auto value = fields.get(piece.text);
      if (!value) return value.error();
      return std::string(*value);
    };
    const Result<std::string> text = form_.sign.render(lookup);
    if (!text) return text.error();
    const auto secret = fields.get(form_.secret);
    if (!secret) return secret.error();
    const std::string bytes = crypto::hmac(form_.hash, *secret, *text);
    parts["signature"] =
        form_.encoding == "base64"
            ? crypto::base64(bytes)
            : crypto::hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    Result<std::string> value = form_.value.render(lookup);
    if (!value) return value.error();
    if (form_.time_place == "header") set_header(request, form_.time_name, parts["time"]);
    if (form_.place == "header") {
      set_header(request, form_.name, std::move(*value), true);
      return ok();
    }
    Result<std::string> signed_url = http::with_query(request.url, {{form_.name, *value}});
    if (!signed_url) return signed_url.error();
    request.url = std::move(*signed_url);
    return ok();
  }

 private:
  Form form_;
};

}  // namespace

SchemePtr make_oauth1(const SchemeSource& source) {
  const Map map = source.map();
  map.only({"request", "authorize", "token", "method", "realm"});
  const std::string method = map.text("method", "HMAC-SHA1");
  if (method != "HMAC-SHA1" && method != "HMAC-SHA256") {
    map.fault("method", "invalid_value", "HMAC-SHA1 or HMAC-SHA256");
  }
  const bool realm = map.has("realm");
  for (const std::string_view name :
       {"consumer_key", "consumer_secret", "access_token", "token_secret"}) {
    declare_field(source.spec, name, name != "consumer_key");
  }
  if (realm) declare_field(source.spec, "realm", false);
  return std::make_shared<OAuth1>(method == "HMAC-SHA1" ? crypto::Hash::sha1 : crypto::Hash::sha256,
                                  realm);
}

SchemePtr make_aws(const SchemeSource& source) {
  const Map map = source.map();
  map.only({"service", "region"});
  auto service = map.templated("service");
  auto region = map.templated("region");
  if (!service || !region) {
    map.fault("", "missing_key",
              "`aws` needs service and region, like {service: s3, region: "
              "'{{region}}'}");
    return nullptr;
  }
  for (const std::string_view name : {"access_key_id", "secret_access_key", "session_token"}) {
    declare_field(source.spec, name, name != "access_key_id");
  }
  check_fields(*region, source.spec, map.at("region"), source.faults);
  return std::make_shared<Aws>(std::move(*service), std::move(*region));
}

SchemePtr make_hmac(const SchemeSource& source) {
  const Map map = source.map();
  map.only({"sign", "alg", "encoding", "to", "time", "unit", "secret", "value"});
  Hmac::Form form;
  if (auto sign = map.templated("sign")) form.sign = std::move(*sign);
  const auto hash = crypto::hash_named(map.text("alg", "sha256"));
  if (!hash) map.fault("alg", "invalid_value", "md5, sha1, sha256, sha384 or sha512");
  form.hash = hash.value_or(crypto::Hash::sha256);
  form.encoding = map.text("encoding", "hex");
  form.secret = map.text("secret", "secret");
  const std::string to = map.text("to");
  const std::size_t dot = to.find('.');
  form.place = to.substr(0, dot);
  if (dot == std::string::npos || (form.place != "header" && form.place != "query")) {
    map.fault("to", "invalid_value", "`to` is header.NAME or query.NAME");
    return nullptr;
  }
  form.name = to.substr(dot + 1);
  const std::string time = map.text("time");
  const std::size_t place_ends = time.find('.');
  form.time_place = time.substr(0, place_ends);
  if (place_ends != std::string::npos) form.time_name = time.substr(place_ends + 1);
  if (!time.empty() &&
      (form.time_name.empty() || (form.time_place != "header" && form.time_place != "query"))) {
    map.fault("time", "invalid_value", "`time` is header.NAME or query.NAME");
  }
  const std::string unit = map.text("unit", "s");
  form.millis = unit == "ms";
  if (unit != "s" && unit != "ms") map.fault("unit", "invalid_value", "s or ms");
  const Json usual("{signature}");
  const Json* value = map.get("value");
  if (auto text = compile_text(value ? *value : usual, map.at("value"), map.faults())) {
    form.value = std::move(*text);
  }
  declare_field(source.spec, form.secret, true);
  std::vector<std::string> needs{form.secret};
  for (const Text* text : {&form.sign, &form.value}) {
    declare_fields(source.spec, *text);
    for (std::string& name : text->names(Text::Piece::Kind::field)) {
      if (std::find(needs.begin(), needs.end(), name) == needs.end()) needs.push_back(name);
    }
  }
  return std::make_shared<Hmac>(std::move(needs), std::move(form));
}

}  // namespace pilot::providers::manifest
