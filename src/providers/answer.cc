// One table from status to error code, one place that looks for a vendor's words. Pure; any thread.
#include "providers/answer.h"

#include <algorithm>
#include <array>

#include "http/retry_after.h"
#include "providers/mail.h"

namespace pilot::providers {
namespace {

constexpr std::size_t kMessageBytes = 500;
constexpr std::size_t kDetailBytes = 4u << 10;

std::string_view code_for(int status) {
  switch (status) {
    case 400:
      return "invalid_request";
    case 401:
      return "unauthorized";
    case 402:
      return "payment_required";
    case 403:
      return "forbidden";
    case 404:
      return "not_found";
    case 405:
      return "method_not_allowed";
    case 408:
      return "request_timeout";
    case 409:
      return "conflict";
    case 410:
      return "gone";
    case 412:
      return "precondition_failed";
    case 413:
      return "too_large";
    case 425:
      return "too_early";
    case 429:
      return "rate_limited";
    case 502:
      return "gateway_error";
    case 503:
      return "unavailable";
    case 504:
      return "gateway_error";
    default:
      break;
  }
  if (status >= 300 && status < 400) return "unexpected_redirect";
  if (status >= 400 && status < 500) return "invalid_request";
  if (status >= 500 && status < 600) return "server_error";
  return "bad_response";
}

bool is_retryable(int status) {
  return status == 408 || status == 425 || status == 429 || status == 503;
}

// One line, printable, not too long.
std::string tidy(std::string_view text) {
  std::string out;
  bool space = false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) {
      space = !out.empty();
      continue;
    }
    if (space) out += ' ';
    space = false;
    out += c;
    if (out.size() > kMessageBytes) break;
  }
  return std::string(utf8_prefix(out, kMessageBytes));
}

std::string words_in(const Json& value, int depth = 0);

std::string words_in_member(const Json& value, std::string_view key, int depth) {
  const Json* member = find(value, key);
  return member == nullptr ? std::string{} : words_in(*member, depth + 1);
}

// A text, or the first telling member of an object or list.
std::string words_in(const Json& value, int depth) {
  if (value.is_string()) return tidy(as_view(value.get_string()));
  if (depth > 3) return {};
  if (value.is_array()) {
    return value.get_array().empty() ? std::string{} : words_in(value.get_array()[0], depth + 1);
  }
  if (!value.is_object()) return {};
  constexpr std::array<std::string_view, 12> kKeys = {
      "message", "error_description", "detail",      "error_message", "errorMessage", "error",
      "errors",  "errorMessages",     "description", "title",         "fault",        "reason"};
  // {"error": "invalid_grant", "error_description": "..."}: the longer words first; but an object
  // under "error" is where most vendors put their message.
  if (const Json* error = find(value, "error"); error != nullptr && error->is_object()) {
    std::string words = words_in(*error, depth + 1);
    if (!words.empty()) return words;
  }
  for (const std::string_view key : kKeys) {
    std::string words = words_in_member(value, key, depth);
    if (!words.empty()) return words;
  }
  return {};
}

bool looks_like_html(const http::Response& response) {
  const auto type = response.header("content-type");
  return type && type->find("html") != std::string_view::npos;
}

std::string_view text_for_status(int status) {
  switch (status) {
    case 401:
      return "the credentials were refused";
    case 403:
      return "not allowed";
    case 404:
      return "not found";
    case 408:
      return "the other side gave up waiting";
    case 409:
      return "clashes with what is there";
    case 429:
      return "too many requests";
    case 503:
      return "not available at the moment";
    default:
      return {};
  }
}

Json details_of(const http::Response& response) {
  if (response.body.empty() || !is_valid_utf8(response.body)) return nullptr;
  if (response.body.size() <= kDetailBytes) {
    if (Result<Json> json = parse_json(response.body)) return JsonObject{{"body", *json}};
  }
  return JsonObject{{"body", std::string(utf8_prefix(response.body, kDetailBytes))}};
}

}  // namespace

JsonObject answer_metadata(const http::Response& response) {
  JsonObject out{{"status", response.status}};
  if (response.redirects > 0) {
    out["url"] = response.url;
    out["redirects"] = response.redirects;
  }
  for (const std::string_view name : {"x-request-id", "request-id"}) {
    const auto id = response.header(name);
    if (id && is_valid_utf8(*id)) {
      out["request_id"] = *id;
      break;
    }
  }
  return out;
}

std::string vendor_message(const http::Response& response) {
  if (response.body.empty() || !is_valid_utf8(response.body)) return {};
  if (Result<Json> json = parse_json(response.body)) return words_in(*json);
  if (looks_like_html(response)) return {};
  return tidy(std::string_view(response.body).substr(0, response.body.find('\n')));
}

ProviderResult read_failure(const http::Response& response, WallTime now) {
  std::string words = vendor_message(response);
  if (words.empty()) words = text_for_status(response.status);
  std::string message = fmt::format("HTTP {}", response.status);
  if (response.status >= 300 && response.status < 400) {
    message += ": a redirect where an answer was expected";
  } else if (!words.empty()) {
    message += ": " + words;
  }
  StepError error{.code = std::string(code_for(response.status)),
                  .message = std::move(message),
                  .retryable = is_retryable(response.status),
                  .http_status = response.status};
  if (const auto after = response.header("retry-after")) {
    error.retry_after = http::parse_retry_after(*after, now);
  }
  error.details = details_of(response);
  ProviderResult result = ProviderResult::fail(std::move(error));
  result.metadata = answer_metadata(response);
  return result;
}

ProviderResult bad_response(const http::Response& response, std::string message) {
  ProviderResult result = ProviderResult::fail(
      {.code = "bad_response", .message = std::move(message), .http_status = response.status});
  result.metadata = answer_metadata(response);
  return result;
}

Result<Json> json_body(const http::Response& response) {
  const std::string_view body = response.body;
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return Json(nullptr);
  Result<Json> json = parse_json(body, {.max_bytes = limits::kResponseBytes});
  if (json) return json;
  return invalid("bad_response", "the answer is no JSON: " + json.error().message);
}

ProviderResult read_json_answer(const Call& call, const http::Response& response) {
  if (!is_success(response)) return read_failure(response, call.now);
  Result<Json> json = json_body(response);
  if (!json && !is_valid_utf8(response.body)) return bad_response(response, json.error().message);
  ProviderResult result = ProviderResult::ok(json ? std::move(*json) : Json(response.body),
                                             fmt::format("HTTP {}", response.status));
  result.metadata = answer_metadata(response);
  return result;
}

ProviderResult read_mail_answer(const Call& call, const http::Response& response) {
  const int status = response.status;
  const Json metadata = JsonObject{{"status", status}};
  if (status >= 200 && status < 300) {
    JsonObject output;
    if (Result<Address> sender = mail_sender(call))
      output["message_id"] = message_id(call, *sender);
    ProviderResult result = ProviderResult::ok(std::move(output), "Mail accepted");
    result.metadata = metadata;
    return result;
  }
  const bool later = status == 421 || (status >= 400 && status < 500);
  const bool refused = status == 530 || status == 534 || status == 535;
  std::string message = fmt::format("The mail server answered {}", status);
  if (const std::string words = tidy(is_valid_utf8(response.body) ? response.body : "");
      !words.empty()) {
    message += ": " + words;
  }
  if (refused) message += " (check username and password of the connection)";
  ProviderResult result = ProviderResult::fail({.code = refused ? "unauthorized"
                                                        : later ? "mail_deferred"
                                                                : "mail_refused",
                                                .message = std::move(message),
                                                .retryable = later});
  result.metadata = metadata;
  return result;
}

}  // namespace pilot::providers
