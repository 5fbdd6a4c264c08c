// Answers as {status, body, headers} (see http_call.h). Pure; any thread.
#include "base/crypto.h"
#include "http/body.h"
#include "providers/answer.h"
#include "providers/http_call.h"

namespace pilot::providers {
namespace {

std::string utf8_or_empty(std::string_view text) {
  return is_valid_utf8(text) ? std::string(text) : std::string{};
}

// Names in lower case. Several lines of a name are joined by commas, as RFC 9110 5.3 allows;
// cookies must not be, so Set-Cookie is a list.
JsonObject headers_json(const std::vector<http::Header>& headers) {
  JsonObject out;
  for (const http::Header& header : headers) {
    std::string name = utf8_or_empty(header.name);
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const std::string value = utf8_or_empty(header.value);
    Json& slot = out[name];
    if (name == "set-cookie") {
      if (slot.is_null()) slot = JsonArray{};
      slot.get_array().emplace_back(value);
    } else if (slot.is_null()) {
      slot = value;
    } else {
      slot = fmt::format("{}, {}", as_view(slot.get_string()), value);
    }
  }
  return out;
}

struct Body {
  Json value;
  bool base64 = false;
};

Body text_of(std::string_view body) {
  if (is_valid_utf8(body)) return {Json(body)};
  return {Json(crypto::base64(body)), true};
}

// Code bad_response: `json` was asked for and it is none.
Result<Body> body_of(const http::Response& response, std::string_view mode) {
  if (mode == "text") return text_of(response.body);
  const bool says_json =
      http::parse_content_type(response.header("content-type").value_or("")).is_json();
  if (mode != "json" && !says_json) return text_of(response.body);
  Result<Json> json = json_body(response);
  if (json) return Body{std::move(*json)};
  if (mode == "json") return json.error();
  return text_of(response.body);
}

bool counts_as_success(const Call& call, int status) {
  if (status >= 200 && status < 300) return true;
  if (!flag(call.params, "fail_on_status", true)) return true;
  // Whoever does not follow redirects wants to see them.
  return status >= 300 && status < 400 && !flag(call.params, "follow_redirects", true);
}

}  // namespace

ProviderResult read_http_answer(const Call& call, const http::Response& response) {
  if (!counts_as_success(call, response.status)) return read_failure(response, call.now);
  const std::string_view mode = string_or(call.params, "response", "auto");
  Result<Body> body = body_of(response, mode);
  if (!body) return bad_response(response, body.error().message);
  JsonObject output{{"status", response.status}};
  output["body"] = std::move(body->value);  // before the headers: a preview shows the beginning
  output["headers"] = headers_json(response.headers);
  ProviderResult result =
      ProviderResult::ok(std::move(output), fmt::format("HTTP {}", response.status));
  JsonObject metadata = answer_metadata(response);
  if (body->base64) metadata["encoding"] = "base64";
  result.metadata = std::move(metadata);
  return result;
}

}  // namespace pilot::providers
