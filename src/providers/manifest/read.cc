#include "providers/manifest/read.h"

#include <algorithm>
#include <charconv>

#include "base/crypto.h"
#include "http/body.h"
#include "http/retry_after.h"
#include "providers/answer.h"
#include "providers/http_call.h"
#include "providers/manifest/xml.h"

namespace pilot::providers::manifest {
namespace {

constexpr std::size_t kCodeBytes = 100;
constexpr std::size_t kMessageBytes = 500;

bool truthy(const Json& value) {
  return !value.is_null() && !(value.is_bool() && !value.get_bool());
}

// The first output; none where the program fails (a text where it wants a map) or gives null.
std::optional<Json> value_of(const jq::ProgramPtr& program, const Json& body,
                             const http::Response& response) {
  if (!program) return std::nullopt;
  Result<std::optional<Json>> out = jq::run_first(*program, body, program_vars(response));
  if (!out || !*out || (**out).is_null()) return std::nullopt;
  return std::move(**out);
}

std::string text_of(const std::optional<Json>& value, std::size_t most) {
  if (!value) return {};
  return std::string(utf8_prefix(scalar_text(*value).value_or(to_json(*value)), most));
}

bool is_ok(const ActionSpec& spec, int status) {
  const auto& list = spec.manner.ok;
  if (list.empty()) return status >= 200 && status < 300;
  return std::find(list.begin(), list.end(), status) != list.end();
}

bool has(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Seconds until the budget is full again, from a header that has an epoch or seconds.
std::optional<Millis> reset_of(const http::Response& response, std::string_view header,
                               WallTime now) {
  const auto value = response.header(header);
  if (!value || header.empty()) return std::nullopt;
  double number = 0;
  if (std::from_chars(value->data(), value->data() + value->size(), number).ec != std::errc{} ||
      !(number >= 0) || number > 1e13) {
    return std::nullopt;
  }
  if (number > 1e11) number /= 1000;  // milliseconds
  if (number > 1e9) {
    number -= static_cast<double>(
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  }
  const auto wait = Millis{static_cast<std::int64_t>(std::max(0.0, number) * 1000)};
  return std::min<Millis>(wait, limits::kRetryAfter);
}

void apply_hints(const ActionSpec& spec, const Call& call, const http::Response& response,
                 StepError& error) {
  const auto& hints = spec.manner.retry;
  if (!hints) return;
  const auto& also = hints->status;
  if (std::find(also.begin(), also.end(), response.status) != also.end()) {
    const auto left = response.header(hints->remaining);
    if (hints->remaining.empty() || (left && *left == "0")) {
      error.retryable = true;
      if (!hints->remaining.empty()) error.code = "rate_limited";
    }
  }
  if (!error.retryable || error.retry_after) return;
  if (const auto after = response.header(hints->after); after && !hints->after.empty()) {
    error.retry_after = http::parse_retry_after(*after, call.now);
  }
  if (!error.retry_after) error.retry_after = reset_of(response, hints->reset, call.now);
}

bool is_xml(std::string_view type) {
  return type == "application/xml" || type == "text/xml" || type.ends_with("+xml");
}

bool looks_like_html(std::string_view body) {
  const std::size_t begin = body.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (begin == std::string_view::npos) return false;
  const std::string head = lower(body.substr(begin, 15));
  return head.starts_with("<!doctype html") || head.starts_with("<html");
}

Json bytes_value(const http::Response& response) {
  const auto type = response.header("content-type");
  return JsonObject{{"name", ""},
                    {"type", type ? http::parse_content_type(*type).type : ""},
                    {"size", response.body.size()},
                    {"content_base64", crypto::base64(response.body)}};
}

// What the vendor's own word means for trying again.
void judge_code(const ActionSpec& spec, const std::string& code, StepError& error) {
  const FailRule& rule = *spec.manner.fail;
  if (has(rule.limited, code)) {
    error.code = "rate_limited";
    error.retryable = true;
  } else if (has(rule.retry, code)) {
    error.retryable = spec.effect != EffectClass::unsafe;
  }
}

}  // namespace

JsonObject program_vars(const http::Response& response) {
  JsonObject headers;
  for (const http::Header& header : response.headers) {
    if (is_valid_utf8(header.value)) headers[lower(header.name)] = header.value;
  }
  return {{"params", nullptr}, {"status", response.status}, {"headers", std::move(headers)}};
}

std::optional<ProviderResult> failure_of(const ActionSpec& spec, const Call& call,
                                         const http::Response& response, const Json* body) {
  const bool good = is_ok(spec, response.status);
  const FailRule* rule = spec.manner.fail.get();
  bool failed = !good;
  if (body != nullptr && rule != nullptr) {
    const auto when = value_of(rule->when, *body, response);
    failed = failed || (when && truthy(*when));
  }
  if (body != nullptr && good && rule == nullptr && !spec.graphql.empty()) {
    const Json* errors = find(*body, "errors");
    failed = errors != nullptr && errors->is_array() && !errors->get_array().empty();
  }
  if (!failed) return std::nullopt;
  ProviderResult result = read_failure(response, call.now);
  StepError& error = *result.error;
  std::string code;
  std::string message;
  if (body != nullptr && rule != nullptr) {
    code = text_of(value_of(rule->code, *body, response), kCodeBytes);
    message = text_of(value_of(rule->message, *body, response), kMessageBytes);
  }
  if (good) {
    error.code = code.empty() ? (spec.graphql.empty() ? "vendor_error" : "graphql_error") : code;
    error.message = message.empty() ? vendor_message(response) : message;
    if (error.message.empty()) error.message = "the vendor says no: " + error.code;
    error.retryable = false;
  } else if (!message.empty()) {
    error.message = fmt::format("HTTP {}: {}", response.status, message);
  }
  if (!code.empty()) {
    if (!error.details.is_object()) error.details = JsonObject{};
    error.details.get_object()["vendor_code"] = code;
    judge_code(spec, code, error);
  }
  apply_hints(spec, call, response, error);
  result.message = error.message;
  return result;
}

Result<Json> read_body(const ActionSpec& spec, const http::Response& response) {
  if (spec.binary && is_ok(spec, response.status)) return bytes_value(response);
  if (response.body.find_first_not_of(" \t\r\n") == std::string::npos) return Json(nullptr);
  Result<Json> json = parse_json(response.body, {.max_bytes = limits::kResponseBytes});
  if (json) return json;
  const auto type = response.header("content-type");
  if (type && http::parse_content_type(*type).is_json()) {
    return invalid("bad_response",
                   "the answer says that it is JSON and is none: " + json.error().message);
  }
  if (type && is_xml(http::parse_content_type(*type).type)) {
    if (Result<Json> xml = read_xml(response.body)) return xml;
  }
  if (!is_valid_utf8(response.body)) return bytes_value(response);
  if (looks_like_html(response.body) && !spec.out) {
    return invalid("bad_response",
                   "the answer is an HTML page where data was expected (a log-in "
                   "or an error page?)");
  }
  return Json(response.body);
}

Json answer_value(const http::Response& response, Json body) {
  JsonObject vars = program_vars(response);
  return JsonObject{{"body", std::move(body)},
                    {"status", response.status},
                    {"headers", std::move(vars["headers"])}};
}

ProviderResult finish(const ActionSpec& spec, const Call& call, const http::Response& response,
                      Json body, std::optional<JsonArray> items) {
  Json output;
  if (spec.out) {
    Json input = answer_value(response, std::move(body));
    if (items) input.get_object()["items"] = std::move(*items);
    JsonObject vars = program_vars(response);
    vars["params"] = call.params;
    Result<std::optional<Json>> out = jq::run_first(*spec.out, input, vars);
    if (!out) {
      return bad_response(
          response, "the answer is not what the manifest expects: `out`: " + out.error().message);
    }
    output = *out ? std::move(**out) : Json(nullptr);
  } else if (items) {
    output = std::move(*items);
  } else if (const Json* data = spec.graphql.empty() ? nullptr : find(body, "data")) {
    output = *data;
  } else {
    output = std::move(body);
  }
  ProviderResult result =
      ProviderResult::ok(std::move(output), fmt::format("HTTP {}", response.status));
  result.metadata = answer_metadata(response);
  return result;
}

ProviderResult read_answer(const ActionSpec& spec, const Call& call,
                           const http::Response& response) {
  Result<Json> body = read_body(spec, response);
  const bool bytes = spec.binary && is_ok(spec, response.status);
  const bool json = body && !body->is_string() && !bytes;
  if (auto failure = failure_of(spec, call, response, json ? &*body : nullptr)) {
    return std::move(*failure);
  }
  if (!body) return bad_response(response, body.error().message);
  return finish(spec, call, response, std::move(*body), std::nullopt);
}

}  // namespace pilot::providers::manifest
