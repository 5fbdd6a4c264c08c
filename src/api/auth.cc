#include "api/auth.h"

#include "api/problem.h"
#include "base/crypto.h"

namespace pilot::api {
namespace {

Error forbidden(std::string code, std::string message) {
  return {ErrorKind::permission_denied, std::move(code), std::move(message), {}};
}

bool is_json(std::string_view content_type) {
  const std::size_t end = content_type.find(';');
  std::string_view type = content_type.substr(0, end);
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return equals_ignoring_case(type, "application/json");
}

std::size_t count(const Request& request, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(request.headers.begin(), request.headers.end(),
                    [&](const HeaderView& h) { return equals_ignoring_case(h.name, name); }));
}

std::optional<Response> judge_origin(const Request& request) {
  const auto host = request.header("Host");
  if (!host || count(request, "Host") != 1 || !is_loopback_host(*host)) {
    return problem(forbidden("bad_host",
                             "this server answers on this machine only: the Host header must be "
                             "localhost, 127.0.0.1 or [::1]"));
  }
  const auto origin = request.header("Origin");
  if (!origin) return std::nullopt;
  const std::string own = "http://" + std::string(*host);
  if (count(request, "Origin") != 1 || !equals_ignoring_case(*origin, own)) {
    return problem(forbidden("bad_origin", "a page of another site may not call this server"));
  }
  return std::nullopt;
}

std::optional<Response> judge_token(const Request& request, std::string_view token) {
  if (token.empty()) return std::nullopt;
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view given = request.header("Authorization").value_or(std::string_view{});
  // Compared even when the scheme is wrong, so that the time tells nothing.
  const bool scheme = equals_ignoring_case(given.substr(0, kScheme.size()), kScheme);
  const std::string_view rest =
      given.size() > kScheme.size() ? given.substr(kScheme.size()) : std::string_view{};
  if (crypto::constant_time_equal(rest, token) && scheme) return std::nullopt;
  Response refusal = problem(Error{ErrorKind::unauthenticated,
                                   "unauthenticated",
                                   "this server wants its token: Authorization: Bearer <token>",
                                   {}});
  refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
  return refusal;
}

std::optional<Response> judge_write(const Request& request) {
  if (!changes_state(request.method)) return std::nullopt;
  const auto type = request.header("Content-Type");
  // Even without a body: a form sends its type, a client of this API does not.
  if (type ? !is_json(*type) : request.has_body) {
    return problem(invalid("unsupported_media_type",
                           "send the body as JSON, with Content-Type: application/json"),
                   415);
  }
  if (request.header("Idempotency-Key")) {
    return problem(invalid("not_supported", "Idempotency-Key is not supported yet"));
  }
  return std::nullopt;
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  std::string_view name = host;
  std::string_view port;
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    name = host.substr(0, colon);
    port = host.substr(colon + 1);
    if (port.empty() || port.size() > 5) return false;
    if (port.find_first_not_of("0123456789") != std::string_view::npos) return false;
  }
  return equals_ignoring_case(name, "localhost") || name == "127.0.0.1" || name == "[::1]";
}

Status check_user(const UserId& principal, std::string_view user_id) {
  if (user_id == principal.text) return ok();
  return forbidden("user_mismatch",
                   fmt::format("this server has one user, \"{}\"; leave user_id out or send "
                               "\"{}\"",
                               principal.text, principal.text));
}

Guard make_guard(LoopbackGuard options) {
  return [options = std::move(options)](Request& request) -> std::optional<Response> {
    if (auto refusal = judge_origin(request)) return refusal;
    if (auto refusal = judge_token(request, options.token)) return refusal;
    if (const auto user = request.query_value("user_id")) {
      if (Status same = check_user(options.user, *user); !same) return problem(same.error());
    }
    if (auto refusal = judge_write(request)) return refusal;
    request.principal = options.user;
    return std::nullopt;
  };
}

}  // namespace pilot::api
