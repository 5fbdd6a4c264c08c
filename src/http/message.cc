#include "http/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pilot::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

// RFC 9110 5.6.2
bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool owned_by_transport(std::string_view name) {
  constexpr std::array<std::string_view, 9> kOwned{
      "host", "content-length", "transfer-encoding", "connection", "upgrade",
      "te",   "trailer",        "keep-alive",        "expect"};
  if (name.size() >= 6 && same_name(name.substr(0, 6), "proxy-")) return true;
  return std::any_of(kOwned.begin(), kOwned.end(),
                     [name](std::string_view owned) { return same_name(name, owned); });
}

SendError invalid_header(std::string message) {
  return {.code = "invalid_header", .message = std::move(message)};
}

std::optional<SendError> check_method(std::string_view method) {
  const bool word = !method.empty() && method.size() <= 32 &&
                    std::all_of(method.begin(), method.end(),
                                [](char c) { return is_token_char(c) && !(c >= 'a' && c <= 'z'); });
  if (!word) return invalid_header("the method is not a word in capital letters, such as POST");
  if (method == "CONNECT" || method == "TRACE") {
    return invalid_header(fmt::format("the method {} cannot be sent", method));
  }
  return std::nullopt;
}

std::optional<SendError> check_header(const Header& header) {
  if (header.name.empty()) return invalid_header("a header has an empty name");
  if (!std::all_of(header.name.begin(), header.name.end(), is_token_char)) {
    return invalid_header(
        "a header's name has a character that is not allowed (a space, a colon, a line break or a "
        "letter beyond ASCII)");
  }
  if (owned_by_transport(header.name)) {
    return invalid_header(
        fmt::format("the header {} is set by Pilot itself and cannot be given", header.name));
  }
  const bool plain = std::all_of(header.value.begin(), header.value.end(),
                                 [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\t'; });
  if (plain) return std::nullopt;
  return invalid_header(
      fmt::format("the value of the header {} has a line break, another control character or a "
                  "letter beyond ASCII",
                  header.name));
}

}  // namespace

std::optional<std::string_view> Response::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (same_name(header.name, name)) return header.value;
  }
  return std::nullopt;
}

std::optional<SendError> check_headers(const Request& request) {
  if (auto error = check_method(request.method)) return error;
  for (const Header& header : request.headers) {
    if (auto error = check_header(header)) return error;
  }
  return std::nullopt;
}

}  // namespace pilot::http
