#include "providers/data/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace pilot::providers::data {
namespace {

Error bad_url() {
  return invalid("invalid_value",
                 "the connection's url is not of the form scheme://user:password@host:port/name");
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned byte = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const auto [end, error] = std::from_chars(&text[i + 1], &text[i + 1] + 2, byte, 16);
    if (error != std::errc{} || end != &text[i + 1] + 2 || byte == 0) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

// Takes what stands before `mark` off the text, or all of it.
std::string_view cut(std::string_view& text, std::string_view marks) {
  const std::size_t at = text.find_first_of(marks);
  const std::string_view head = text.substr(0, at);
  text = at == std::string_view::npos ? "" : text.substr(at);
  return head;
}

Status read_authority(std::string_view authority, Target& target) {
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = authority.substr(0, at);
    const std::size_t colon = user.find(':');
    const auto name = decoded(user.substr(0, colon));
    const auto password = decoded(colon == std::string_view::npos ? "" : user.substr(colon + 1));
    if (!name || !password) return bad_url();
    target.username = *name;
    target.password = *password;
    authority = authority.substr(at + 1);
  }
  const std::size_t bracket = authority.find(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  target.host = authority.substr(0, colon);
  if (colon == std::string_view::npos) return ok();
  const auto port = port_of(authority.substr(colon + 1));
  if (!port) return port.error();
  target.port = *port;
  return ok();
}

Status read_url(std::string_view url, std::initializer_list<std::string_view> schemes,
                std::string_view tls_field, Target& target) {
  const std::size_t mark = url.find("://");
  if (mark == std::string_view::npos) return bad_url();
  const std::string_view scheme = url.substr(0, mark);
  if (std::ranges::find(schemes, scheme) == schemes.end()) {
    return invalid("invalid_value",
                   fmt::format("the connection's url begins with {}://", *schemes.begin()));
  }
  if (scheme == fmt::format("{}s", *schemes.begin())) target.tls = "require";
  std::string_view rest = url.substr(mark + 3);
  // A password may hold a slash or a question mark only when encoded, as RFC 3986 has it.
  if (Status read = read_authority(cut(rest, "/?#"), target); !read) return read;
  if (rest.starts_with('/')) {
    rest.remove_prefix(1);
    const auto database = decoded(cut(rest, "?#"));
    if (!database) return bad_url();
    target.database = *database;
  }
  if (!rest.starts_with('?')) return rest.empty() ? ok() : Status(bad_url());
  rest.remove_prefix(1);
  while (!rest.empty()) {
    const std::string_view pair = cut(rest, "&");
    if (!rest.empty()) rest.remove_prefix(1);
    const std::size_t equals = pair.find('=');
    if (tls_field.empty() || equals == std::string_view::npos ||
        pair.substr(0, equals) != tls_field) {
      return invalid("invalid_value",
                     fmt::format("the connection's url may have {} behind the ?, and nothing else",
                                 tls_field.empty() ? "nothing" : tls_field));
    }
    target.tls = pair.substr(equals + 1);
  }
  return ok();
}

bool has_nul(const Target& target) {
  return target.username.find('\0') != std::string::npos ||
         target.password.find('\0') != std::string::npos ||
         target.database.find('\0') != std::string::npos;
}

}  // namespace

Result<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) {
    return invalid("invalid_value", "the connection's port is a number between 1 and 65535");
  }
  return port;
}

Result<Target> target_of(const Call& call, std::initializer_list<std::string_view> schemes,
                         std::uint16_t default_port, std::string_view tls_field) {
  Target target;
  const auto value = [&](std::string_view type) { return call.connection.value(type); };
  if (const auto url = value("url")) {
    if (const Status read = read_url(*url, schemes, tls_field, target); !read) return read.error();
  }
  // A field beside the url wins over what stands in it.
  if (const auto host = value("host")) target.host = *host;
  if (const auto name = value("username")) target.username = *name;
  if (const auto password = value("password")) target.password = *password;
  if (const auto database = value("database")) target.database = *database;
  if (!tls_field.empty()) {
    if (const auto tls = value(tls_field)) target.tls = *tls;
  }
  if (const auto port = value("port")) {
    const auto number = port_of(*port);
    if (!number) return number.error();
    target.port = *number;
  }
  if (target.host.empty()) return missing_credentials(call.provider, "host");
  if (target.port == 0) target.port = default_port;
  if (has_nul(target)) return invalid("invalid_value", "a field of the connection holds NUL");
  return target;
}

std::vector<AuthField> target_fields(std::string_view what, std::vector<AuthField> more) {
  std::vector<AuthField> fields{
      {.type = "host", .title = fmt::format("{} server", what), .secret = false, .required = false},
      {.type = "port", .title = "Port", .secret = false, .required = false},
      {.type = "username", .title = "User name", .secret = false, .required = false},
      {.type = "password", .title = "Password", .required = false}};
  for (AuthField& field : more) fields.push_back(std::move(field));
  fields.push_back({.type = "url", .title = "All of these as one URL", .required = false});
  return fields;
}

}  // namespace pilot::providers::data
