#include "api/problem.h"

#include <array>

namespace pilot::api {
namespace {

// The input could not be read as what it should be; all other invalid_argument codes are 422.
constexpr std::array<std::string_view, 16> kMalformed{
    "invalid_json",        "duplicate_key",        "json_too_deep",       "json_too_many_keys",
    "number_out_of_range", "json_number_too_long", "invalid_utf8",        "invalid_yaml",
    "yaml_limit",          "invalid_cursor",       "bad_cursor",          "bad_target",
    "bad_request",         "missing_body",         "duplicate_parameter", "too_many_parameters"};

bool is_malformed(std::string_view code) {
  return std::find(kMalformed.begin(), kMalformed.end(), code) != kMalformed.end();
}

JsonObject members(const Error& error, int status) {
  const bool hide = error.kind == ErrorKind::internal;
  constexpr std::string_view kHidden =
      "something went wrong inside Pilot; the server's log says what";
  const std::string_view detail = hide ? kHidden : std::string_view(error.message);
  const std::string_view code = hide ? "internal" : error.code_or_kind();
  JsonObject out;
  out.reserve(9);
  out["type"] = "about:blank";
  out["title"] = status_text(status);
  out["status"] = status;
  out["detail"] = detail;
  out["code"] = code;
  out["error"] = detail;
  if (!error.pointer.empty() && !hide) out["pointer"] = error.pointer;
  return out;
}

Response answer(const Error& error, int status, const JsonObject& object) {
  Response response = json_response(object, status);
  response.content_type = "application/problem+json";
  response.code = error.kind == ErrorKind::internal ? "internal" : error.code_or_kind();
  if (error.retry_after) {
    const auto seconds = std::max<std::int64_t>(1, error.retry_after->count());
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
  }
  if (error.kind == ErrorKind::internal) response.note = error.message;
  return response;
}

}  // namespace

int status_of(const Error& error) {
  if (is_malformed(error.code)) return 400;
  switch (error.kind) {
    case ErrorKind::invalid_argument:
      return 422;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::unauthenticated:
      return 401;
    case ErrorKind::permission_denied:
      return 403;
    case ErrorKind::conflict:
      return 409;
    // A plan over its limits was read and understood.
    case ErrorKind::too_large:
      return error.code == "plan_too_large" ? 422 : 413;
    case ErrorKind::rate_limited:
      return 429;
    case ErrorKind::unavailable:
      return 503;
    case ErrorKind::timeout:
      return 504;
    case ErrorKind::cancelled:
      return 409;
    case ErrorKind::internal:
      return 500;
  }
  return 500;
}

Response problem(const Error& error) { return problem(error, status_of(error)); }

Response problem(const Error& error, int status) {
  return answer(error, status, members(error, status));
}

Response problem(const Error& error, const Problems& problems) {
  const int status = status_of(error);
  JsonObject object = members(error, status);
  object["problems"] = to_json_value(problems);
  return answer(error, status, object);
}

Response problem(const Error& error, const Exceeded& exceeded, int status) {
  JsonObject object = members(error, status);
  object["limit"] = exceeded.limit;
  if (exceeded.actual) object["actual"] = *exceeded.actual;
  return answer(error, status, object);
}

Response limit_reached(std::string_view limit, std::int64_t value,
                       std::chrono::seconds retry_after) {
  std::string words(limit);
  std::replace(words.begin(), words.end(), '_', ' ');
  const Error error{ErrorKind::rate_limited,
                    "rate_limited",
                    fmt::format("too many {}; the limit is {}; try again in {} s", words, value,
                                retry_after.count()),
                    {},
                    retry_after};
  JsonObject object = members(error, 429);
  object["limit"] = limit;
  object["limit_value"] = value;
  return answer(error, 429, object);
}

Json to_json_value(const Problems& problems) {
  JsonArray out;
  out.reserve(problems.size());
  for (const Problem& entry : problems) {
    out.push_back(
        JsonObject{{"pointer", entry.pointer}, {"code", entry.code}, {"message", entry.message}});
  }
  return out;
}

}  // namespace pilot::api
