// Provider `webhook`: tells another system that something happened, by a POST as Standard Webhooks
// describes it: the id stays the same over retries (so the receiver can drop what it has), a secret
// in the connection signs, redirects are not followed, only 2xx is success. Pure; any thread.
#include "base/crypto.h"
#include "http/url.h"
#include "providers/answer.h"
#include "providers/http_call.h"
#include "providers/registry.h"

namespace pilot::providers {
namespace {

constexpr std::size_t kLeastKey = 24;  // bytes, from the specification
constexpr std::size_t kMostKey = 64;

// The key of a `whsec_...` text. The error says nothing about the value.
Result<std::string> signing_key(std::string_view secret) {
  constexpr std::string_view kPrefix = "whsec_";
  if (secret.starts_with(kPrefix)) secret.remove_prefix(kPrefix.size());
  Result<std::string> key = crypto::decode_base64(secret);
  if (key && key->size() >= kLeastKey && key->size() <= kMostKey) return key;
  return invalid(
      "invalid_credentials",
      "the connection's secret is no webhook secret: it must be whsec_ and the base64 of "
      "24 to 64 bytes");
}

std::string signature(std::string_view key, std::string_view id, std::string_view timestamp,
                      std::string_view body) {
  const std::string text = fmt::format("{}.{}.{}", id, timestamp, body);
  return "v1," + crypto::base64(crypto::as_text(crypto::hmac_sha256(key, text)));
}

Result<std::string> body_of(const Json& params) {
  if (const Json* text = find(params, "payload_json")) {
    if (!text->is_string()) return to_json(*text);
    const std::string_view raw = as_view(text->get_string());
    Result<Json> parsed = parse_json(raw, {.max_bytes = limits::kRequestBody});
    if (!parsed)
      return invalid("invalid_value", "payload_json: " + parsed.error().message, "/payload_json");
    return std::string(raw);  // signed and sent as it was written
  }
  const Json* payload = find(params, "payload");
  return payload == nullptr ? std::string("{}") : to_json(*payload);
}

Result<http::Request> build(const Call& call) {
  const Json* url = find(call.params, "url");
  if (url == nullptr) url = find(call.params, "webhook_url");
  if (url == nullptr) return invalid("missing_param", "url is missing", "/url");
  Result<http::Url> target = http::parse_url(as_view(url->get_string()));
  if (!target) return invalid("invalid_url", target.error().message, "/url");
  Result<std::string> body = body_of(call.params);
  if (!body) return body.error();
  http::Request request{.method = "POST", .url = target->text(), .follow_redirects = false};
  set_body(request, std::move(*body), "application/json");
  if (const Json* headers = find(call.params, "headers")) {
    if (Status added = add_headers(request, *headers, "/headers"); !added) return added.error();
  }
  for (const std::string_view own : {"webhook-id", "webhook-timestamp", "webhook-signature"}) {
    if (!has_header(request, own)) continue;
    return invalid("invalid_value", fmt::format("headers: {} is set by Pilot itself", own),
                   "/headers");
  }
  const std::string id = fmt::format("msg_{}", call.idempotency_key);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(call.now).time_since_epoch();
  const std::string timestamp = std::to_string(seconds.count());
  set_header(request, "webhook-id", id);
  set_header(request, "webhook-timestamp", timestamp);
  if (const auto secret = call.connection.value("secret")) {
    Result<std::string> key = signing_key(*secret);
    if (!key) return key.error();
    set_header(request, "webhook-signature", signature(*key, id, timestamp, request.body));
    wipe(*key);
  }
  return request;
}

ProviderResult read(const Call& call, const http::Response& response) {
  if (response.status == 410) {
    ProviderResult gone = ProviderResult::fail(
        {.code = "endpoint_gone",
         .message = "HTTP 410: the endpoint wants no more of these; take the step out of the plan",
         .http_status = 410});
    gone.metadata = answer_metadata(response);
    return gone;
  }
  if (!is_success(response)) return read_failure(response, call.now);
  return read_http_answer(call, response);
}

constexpr std::string_view kParams = R"({
  "type": "object",
  "properties": {
    "url": {"type": "string", "minLength": 1, "description": "Where to post to."},
    "webhook_url": {"type": "string", "minLength": 1, "deprecated": true,
                    "description": "The old name of url."},
    "payload": {"description": "Any JSON; {} when nothing is given."},
    "payload_json": {
      "type": ["string", "object", "array"], "deprecated": true,
      "description": "The old form: JSON as text, sent as it was written. Wins over payload."},
    "headers": {"type": "object", "description": "More headers. webhook-* are set by Pilot."}
  },
  "anyOf": [{"required": ["url"]}, {"required": ["webhook_url"]}],
  "additionalProperties": false
})";

}  // namespace

void register_webhook(Registry& registry) {
  Provider& provider = registry.add(
      {.name = "webhook",
       .title = "Webhook",
       .description = "Posts to other systems, signed as Standard Webhooks.",
       .category = "core",
       .docs = "https://www.standardwebhooks.com",
       .aliases = {"custom_tool"},
       .auth = {{.type = "secret", .title = "Signing secret (whsec_...)", .required = false}}});
  provider.add({.name = "send",
                .title = "Send",
                .description = "Posts JSON; the webhook-id stays the same over retries.",
                .aliases = {"post_request", "execute_webhook"},
                .params = params_schema(kParams),
                // the receiver drops a webhook-id that it has seen: that is what the id is for
                .effect = EffectClass::keyed,
                .body = HttpAction{build, read}});
}

}  // namespace pilot::providers
