#include "http/redirect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "http/url.h"

namespace pilot::http {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// A user's own header may hold a key without anybody having marked it.
bool named_like_secret(std::string_view lower_name) {
  constexpr std::array<std::string_view, 12> kWords{
      "auth",      "cookie",     "token",   "secret", "password", "credential",
      "signature", "access-key", "api-key", "apikey", "session",  "referer"};
  return std::any_of(kWords.begin(), kWords.end(), [lower_name](std::string_view word) {
    return lower_name.find(word) != std::string_view::npos;
  });
}

bool describes_body(std::string_view lower_name) {
  return lower_name.starts_with("content-") || lower_name == "digest";
}

std::string method_after(int status, const std::string& method) {
  if (status == 303 && method != "HEAD") return "GET";
  if ((status == 301 || status == 302) && method == "POST") return "GET";
  return method;
}

SendError refusal(std::string code, std::string message) {
  return {.code = std::move(code), .message = std::move(message), .sent = true};
}

}  // namespace

Redirect follow(const Request& request, const Response& response) {
  if (!request.follow_redirects || !is_redirect(response.status)) return {};
  const auto location = response.header("Location");
  if (!location) return {};
  const Result<Url> from = parse_url(request.url);
  if (!from) return {};
  if (response.redirects >= limits::kRedirects) {
    return {.refused =
                refusal("too_many_redirects", fmt::format("{} redirected more than {} times",
                                                          from->authority(), limits::kRedirects))};
  }
  const Result<Url> to = join(*from, *location);
  if (!to) {
    return {.refused =
                refusal(to.error().code, fmt::format("{} redirected to a place that cannot "
                                                     "be followed: {}",
                                                     from->authority(), to.error().message))};
  }

  const bool same_origin = from->same_origin(*to);
  const std::string method = method_after(response.status, request.method);
  const bool keeps_body = request.has_body && method == request.method;
  if (keeps_body && !same_origin) return {};

  Request next = request;
  next.method = method;
  next.url = to->text();
  if (!keeps_body) {
    next.body.clear();
    next.has_body = false;
  }
  std::erase_if(next.headers, [&](const Header& header) {
    const std::string name = lower(header.name);
    if (!same_origin && (header.sensitive || named_like_secret(name))) return true;
    return !keeps_body && request.has_body && describes_body(name);
  });
  return {.next = std::move(next)};
}

}  // namespace pilot::http
