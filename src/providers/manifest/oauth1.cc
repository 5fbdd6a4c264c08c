#include "providers/manifest/oauth1.h"

#include <algorithm>

#include "base/crypto.h"
#include "http/body.h"
#include "http/url.h"

namespace pilot::providers::manifest {
namespace {

// Parameters of a query or a form, decoded.
void collect(std::string_view text, http::Pairs& into) {
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    if (one.empty()) continue;
    const std::size_t equals = one.find('=');
    const std::string_view value = equals == std::string_view::npos ? "" : one.substr(equals + 1);
    into.emplace_back(http::decode_form_component(one.substr(0, equals)),
                      http::decode_form_component(value));
  }
}

// RFC 5849 3.4.1.3.2
std::string normalized(const http::Pairs& parameters) {
  http::Pairs encoded;
  for (const auto& [name, value] : parameters) {
    encoded.emplace_back(http::encode_component(name), http::encode_component(value));
  }
  std::ranges::sort(encoded);
  std::string out;
  for (const auto& [name, value] : encoded) {
    out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, value);
  }
  return out;
}

}  // namespace

Result<std::string> oauth1_header(const http::Request& request, const OAuth1Keys& keys,
                                  crypto::Hash hash, std::string_view nonce, WallTime now) {
  const Result<http::Url> url = http::parse_url(request.url);
  if (!url) return url.error();
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  http::Pairs own{
      {"oauth_consumer_key", keys.consumer_key},
      {"oauth_nonce", std::string(nonce)},
      {"oauth_signature_method", hash == crypto::Hash::sha1 ? "HMAC-SHA1" : "HMAC-SHA256"},
      {"oauth_timestamp", std::to_string(seconds)},
      {"oauth_token", keys.token},
      {"oauth_version", "1.0"}};
  http::Pairs all = own;
  const std::size_t mark = url->target.find('?');
  if (mark != std::string::npos) collect(std::string_view(url->target).substr(mark + 1), all);
  for (const http::Header& header : request.headers) {
    const bool form =
        http::parse_content_type(header.value).type == "application/x-www-form-urlencoded";
    if (header.name == "Content-Type" && form) collect(request.body, all);
  }
  const std::string base_url =
      fmt::format("{}://{}{}", url->scheme, url->authority(), url->target.substr(0, mark));
  const std::string base = fmt::format("{}&{}&{}", request.method, http::encode_component(base_url),
                                       http::encode_component(normalized(all)));
  const std::string key = fmt::format("{}&{}", http::encode_component(keys.consumer_secret),
                                      http::encode_component(keys.token_secret));
  own.emplace_back("oauth_signature", crypto::base64(crypto::hmac(hash, key, base)));
  std::string out = "OAuth ";
  if (!keys.realm.empty()) out += fmt::format("realm=\"{}\", ", http::encode_component(keys.realm));
  for (std::size_t i = 0; i < own.size(); ++i) {
    out += fmt::format("{}{}=\"{}\"", i == 0 ? "" : ", ", own[i].first,
                       http::encode_component(own[i].second));
  }
  return out;
}

}  // namespace pilot::providers::manifest
