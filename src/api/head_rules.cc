#include "api/head_rules.h"

#include "api/problem.h"

namespace pilot::api {
namespace {

Error forbidden(std::string code, std::string message) {
  return {ErrorKind::permission_denied, std::move(code), std::move(message), {}};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_json(std::string_view content_type) {
  return equals_ignoring_case(trimmed(content_type.substr(0, content_type.find(';'))),
                              "application/json");
}

std::size_t count(const Request& request, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(request.headers.begin(), request.headers.end(),
                    [&](const HeaderView& h) { return equals_ignoring_case(h.name, name); }));
}

// Cookies of one name may come twice: a page of a sub-domain can set another. Then neither counts.
Presented session_cookie(const Request& request) {
  Presented out;
  for (const HeaderView& header : request.headers) {
    if (!equals_ignoring_case(header.name, "Cookie")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const std::size_t end = rest.find(';');
      const std::string_view pair = trimmed(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != kSessionCookie) continue;
      const bool again = out.kind != Presented::Kind::nothing;
      out = {again ? Presented::Kind::unreadable : Presented::Kind::cookie,
             pair.substr(equals + 1)};
    }
  }
  return out;
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

bool is_loopback_address(std::string_view address) {
  return address == "::1" || address == "localhost" || address.starts_with("127.");
}

std::optional<Response> judge_host(const Request& request) {
  const auto host = request.header("Host");
  if (host && count(request, "Host") == 1 && is_loopback_host(*host)) return std::nullopt;
  return problem(forbidden("bad_host",
                           "this server answers on this machine only: the Host header must be "
                           "localhost, 127.0.0.1 or [::1]"));
}

std::optional<Response> judge_origin(const Request& request, std::string_view public_origin,
                                     bool tls) {
  const auto origin = request.header("Origin");
  if (!origin) return std::nullopt;
  if (count(request, "Origin") == 1 && count(request, "Host") == 1) {
    if (!public_origin.empty() && equals_ignoring_case(*origin, public_origin)) return std::nullopt;
    const std::string own =
        fmt::format("{}://{}", tls ? "https" : "http", request.header("Host").value_or(""));
    if (equals_ignoring_case(*origin, own)) return std::nullopt;
  }
  return problem(
      forbidden("bad_origin",
                "a page of another site may not call this server (behind a proxy, tell the "
                "server its own address: --public-url)"));
}

std::optional<Response> judge_write(const Request& request) {
  if (!changes_state(request.method)) return std::nullopt;
  const auto type = request.header("Content-Type");
  // Even without a body: a form sends its type, a client of this API does not.
  if (type ? is_json(*type) : !request.has_body) return std::nullopt;
  return problem(invalid("unsupported_media_type",
                         "send the body as JSON, with Content-Type: application/json"),
                 415);
}

Presented presented(const Request& request) {
  const auto authorization = request.header("Authorization");
  if (!authorization) return session_cookie(request);
  constexpr std::string_view kScheme = "bearer ";
  const bool bearer = equals_ignoring_case(authorization->substr(0, kScheme.size()), kScheme);
  if (!bearer || count(request, "Authorization") != 1) return {Presented::Kind::unreadable, {}};
  return {Presented::Kind::bearer, authorization->substr(kScheme.size())};
}

}  // namespace pilot::api
