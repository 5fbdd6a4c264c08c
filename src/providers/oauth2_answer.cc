// What a token endpoint said.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "http/body.h"
#include "http/retry_after.h"
#include "http/url.h"
#include "providers/answer.h"
#include "providers/oauth2_request.h"

namespace pilot::providers {
namespace {

constexpr std::size_t kVendorWords = 300;  // bytes of what the vendor says that are passed on
constexpr double kLongestLife = 10.0 * 366 * 86'400;  // seconds; a longer life is a mistake

// Words for a refresh token or code that is not good any more: RFC 6749 has one, vendors more.
constexpr std::array<std::string_view, 6> kDeadGrant{
    "invalid_grant",         "bad_refresh_token", "invalid_refresh_token",
    "bad_verification_code", "token_revoked",     "token_expired"};

Json form_as_object(std::string_view body) {
  JsonObject out;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('&'), body.size());
    const std::string_view pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    const std::size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string_view::npos) continue;
    const std::string value = http::decode_form_component(pair.substr(equals + 1));
    if (is_valid_utf8(value)) out[http::decode_form_component(pair.substr(0, equals))] = value;
  }
  return out;
}

bool looks_like_a_form(std::string_view type, std::string_view body) {
  if (type == "application/x-www-form-urlencoded") return true;
  return (type.empty() || type == "text/plain") && body.find('=') != std::string_view::npos &&
         body.find_first_of("<{ \n") == std::string_view::npos;
}

// The answer as an object; none: it is neither JSON nor a form.
std::optional<Json> object_of(const http::Response& response) {
  const std::string_view body = response.body;
  const std::string type =
      http::parse_content_type(response.header("Content-Type").value_or("")).type;
  if (looks_like_a_form(type, body)) return form_as_object(body);
  Result<Json> json = parse_json(body, {.max_bytes = limits::kTokenAnswer});
  if (!json || !json->is_object()) return std::nullopt;
  return std::move(*json);
}

// One line, bounded, printable: it may end up in a log or on a page.
std::string tidy(std::string_view text) {
  std::string out;
  for (const char c : utf8_prefix(text, kVendorWords)) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return out;
}

struct Refusal {
  std::string word;  // invalid_grant
  std::string text;
};

std::optional<Refusal> refusal_of(const Json& answer) {
  const Json* error = find(answer, "error");
  if (error != nullptr && error->is_string() && !error->get_string().empty()) {
    const std::string_view word = as_view(error->get_string());
    return Refusal{tidy(word), tidy(string_or(answer, "error_description"))};
  }
  if (error != nullptr && error->is_object()) {
    std::string_view word = string_or(*error, "code");
    if (word.empty()) word = string_or(*error, "type", "error");
    return Refusal{tidy(word), tidy(string_or(*error, "message"))};
  }
  return std::nullopt;
}

bool is_busy(int status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

Error busy(const http::Response& response, std::string_view said, WallTime now) {
  Error error = unavailable("token_endpoint_busy",
                            fmt::format("the token endpoint answered HTTP {}{}{}", response.status,
                                        said.empty() ? "" : ": ", said));
  error.retry_after.reset();
  if (const auto after = response.header("Retry-After")) {
    error.retry_after = http::parse_retry_after(*after, now);
  }
  return error;
}

Error refused(const http::Response& response, const Refusal& refusal, WallTime now) {
  const std::string said =
      refusal.text.empty() ? refusal.word : fmt::format("{} ({})", refusal.word, refusal.text);
  if (std::ranges::find(kDeadGrant, refusal.word) != kDeadGrant.end()) {
    return invalid("invalid_grant", fmt::format("the token endpoint answered {}", said));
  }
  if (is_busy(response.status) || refusal.word == "temporarily_unavailable" ||
      refusal.word == "server_error") {
    return busy(response, said, now);
  }
  return invalid("token_refused", fmt::format("the token endpoint answered {}", said));
}

// Nobody who knows clients and grants has answered.
bool is_elsewhere(int status) { return status == 404 || status == 405 || status == 410; }

Error elsewhere(const http::Response& response) {
  return invalid("bad_token_answer", fmt::format("the token endpoint answered HTTP {}; is its URL "
                                                 "right?",
                                                 response.status));
}

Error unreadable(const http::Response& response, WallTime now) {
  if (is_busy(response.status)) return busy(response, "", now);
  return invalid("bad_token_answer",
                 fmt::format("the token endpoint answered HTTP {} with something that is neither "
                             "JSON nor a form{}; is its URL right?",
                             response.status,
                             response.body.find('<') != std::string::npos ? " (a web page?)" : ""));
}

std::string as_text(const Json& value) {
  return value.is_string() ? std::string(as_view(value.get_string())) : to_json(value);
}

std::optional<WallTime> expiry(const Json& answer, WallTime now) {
  const Json* life = find(answer, "expires_in");
  if (life == nullptr) return std::nullopt;
  double seconds = 0;
  if (life->is_number()) {
    seconds = life->to_number<double>();
  } else if (life->is_string()) {
    const std::string_view text = as_view(life->get_string());
    std::from_chars(text.data(), text.data() + text.size(), seconds);
  }
  if (!(seconds >= 1)) return std::nullopt;  // 0: some say so for "never"
  return now + std::chrono::seconds{static_cast<std::int64_t>(std::min(seconds, kLongestLife))};
}

std::optional<std::string> granted_scope(const Json& answer) {
  const Json* scope = find(answer, "scope");
  if (scope == nullptr) return std::nullopt;
  if (scope->is_string()) return std::string(as_view(scope->get_string()));
  if (!scope->is_array()) return std::nullopt;
  std::vector<std::string> words;
  for (const Json& word : scope->get_array()) words.push_back(as_text(word));
  return fmt::format("{}", fmt::join(words, " "));
}

Status take_fields(const OAuth2& oauth, const Json& answer, WallTime now, TokenGrant& grant) {
  for (const auto& [field, program] : oauth.take) {
    const auto found = jq::run_first(*program, answer, {}, {.now = now});
    if (!found) {
      return invalid("bad_token_answer", fmt::format("{} cannot be taken from the token answer: {}",
                                                     field, found.error().message));
    }
    if (*found && !(*found)->is_null()) {
      grant.values.insert_or_assign(field, Secret(as_text(**found)));
    }
  }
  return ok();
}

}  // namespace

Result<TokenGrant> read_token_answer(const OAuth2& oauth, const http::Response& response,
                                     WallTime now) {
  if (response.body.size() > limits::kTokenAnswer) {
    return invalid(
        "bad_token_answer",
        fmt::format("the token endpoint's answer has more than {} bytes", limits::kTokenAnswer));
  }
  const std::optional<Json> answer = object_of(response);
  if (!answer) return unreadable(response, now);
  if (is_elsewhere(response.status)) return elsewhere(response);
  if (const auto refusal = refusal_of(*answer)) return refused(response, *refusal, now);
  if (!is_success(response)) {
    const std::string said = tidy(vendor_message(response));
    if (is_busy(response.status)) return busy(response, said, now);
    return invalid("token_refused", fmt::format("the token endpoint answered HTTP {}{}{}",
                                                response.status, said.empty() ? "" : ": ", said));
  }
  TokenGrant grant;
  for (const std::string_view name : {"access_token", "refresh_token"}) {
    const Json* value = find(*answer, name);
    if (value != nullptr && value->is_string() && !value->get_string().empty()) {
      grant.values.emplace(name, Secret(std::string(as_view(value->get_string()))));
    }
  }
  if (Status taken = take_fields(oauth, *answer, now, grant); !taken) return taken.error();
  if (!grant.values.contains("access_token")) {
    return invalid("bad_token_answer", "the token endpoint's answer has no access_token");
  }
  grant.expires_at = expiry(*answer, now);
  grant.scope = granted_scope(*answer);
  return grant;
}

std::vector<std::string> split_scopes(std::string_view scope) {
  std::vector<std::string> words;
  for (;;) {
    const std::size_t start = scope.find_first_not_of(" ,");
    if (start == std::string_view::npos) return words;
    const std::size_t end = std::min(scope.find_first_of(" ,", start), scope.size());
    words.emplace_back(scope.substr(start, end - start));
    scope.remove_prefix(end);
  }
}

}  // namespace pilot::providers
