#include "http/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/url.hpp>
#include <charconv>

namespace pilot::http {
namespace {

namespace urls = boost::urls;

constexpr std::size_t kUrlBytes = 64u << 10;  // longer than any server takes
constexpr std::size_t kHostBytes = 255;       // RFC 1035

Error invalid_url(std::string message) { return invalid("invalid_url", std::move(message)); }

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

std::uint16_t port_of(std::string_view scheme) {
  if (scheme == "http") return 80;
  if (scheme == "https") return 443;
  if (scheme == "smtp") return 25;
  return 465;
}

// What people paste into a URL field and RFC 3986 has no place for: spaces, quotes, other scripts.
// Only behind the authority; a host is never repaired.
Result<std::string> escaped(std::string_view text) {
  if (text.size() > kUrlBytes) return invalid_url("the URL is longer than 64 KiB");
  const std::size_t slash = text.find_first_of("/?#");
  const bool authority = slash != std::string_view::npos && text.substr(slash, 2) == "//" &&
                         (slash == 0 || text[slash - 1] == ':');
  const std::size_t from = authority ? text.find_first_of("/?#", slash + 2) : 0;
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      return invalid_url("the URL has a control character (a line break, for instance) in it");
    }
    const bool outside =
        byte > 0x7f || std::string_view(" \"<>\\^`{|}[]").find(c) != std::string_view::npos;
    if (outside && i >= from) {
      append_escape(out, c);
    } else {
      out += c;
    }
  }
  return out;
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// A '%' that starts no escape stands for itself: "100%" is what people write into a query.
std::string with_lone_percents_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    const bool escape = i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2]);
    if (text[i] == '%' && !escape) out += "25";
  }
  return out;
}

Result<std::string> checked_host(std::string_view text) {
  if (text.starts_with('[')) {
    const auto address = urls::parse_ipv6_address(text.substr(1, text.size() - 2));
    if (!text.ends_with(']') || address.has_error()) {
      return invalid_url("the host of the URL is in brackets and is no IPv6 address");
    }
    return fmt::format("[{}]", lower(address->to_string()));
  }
  const std::string host = lower(decode_component(text));
  if (host.empty()) return invalid_url("the URL has no host");
  if (host.size() > kHostBytes) return invalid_url("the host of the URL is too long");
  for (const char c : host) {
    if (static_cast<unsigned char>(c) > 0x7f) {
      return invalid_url("the host of the URL is not ASCII; write it in its xn-- form");
    }
    if (!is_alnum(c) && c != '-' && c != '.' && c != '_') {
      return invalid_url("the host of the URL has a character that no host name has");
    }
  }
  if (host.front() == '.' || host.front() == '-') {
    return invalid_url("the host of the URL does not start with a letter or digit");
  }
  return host;
}

Result<std::uint16_t> checked_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0 || port > 65'535) {
    return invalid_url("the port of the URL is not a number from 1 to 65535");
  }
  return static_cast<std::uint16_t>(port);
}

// Host and port. By hand: Boost 1.81 ends a host at the first thing that looks like an IPv4 address
// ("1.2.3.4.example.com" is 1.2.3.4 and a path to it) and a port at its last digit.
Status read_authority(std::string_view text, Url& url) {
  if (text.find('@') != std::string_view::npos) {
    return invalid_url("the URL has a user name or password in it; put them into the connection");
  }
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  Result<std::string> host = checked_host(text.substr(0, colon));
  if (!host) return host.error();
  url.host = std::move(*host);
  url.port = port_of(url.scheme);
  if (colon == std::string_view::npos || colon + 1 == text.size()) return ok();
  Result<std::uint16_t> port = checked_port(text.substr(colon + 1));
  if (!port) return port.error();
  url.port = *port;
  return ok();
}

std::string target_of(const urls::url_view& view) {
  std::string target(std::string_view(view.encoded_path()));
  if (target.empty()) target = "/";
  if (view.has_query()) {
    target += '?';
    target += std::string_view(view.encoded_query());
  }
  return target;
}

Result<Url> parse(std::string_view text, std::string_view plain, std::string_view secure) {
  Result<std::string> clean = escaped(text);
  if (!clean) return clean.error();
  const std::string repaired = with_lone_percents_escaped(*clean);
  const std::string_view all = repaired;
  const std::size_t colon = all.find("://");
  Url url;
  if (colon != std::string_view::npos) url.scheme = lower(all.substr(0, colon));
  if (url.scheme != plain && url.scheme != secure) {
    return invalid_url(fmt::format("the URL must start with {}:// or {}://", secure, plain));
  }
  const std::size_t end = std::min(all.find_first_of("/?#", colon + 3), all.size());
  if (Status read = read_authority(all.substr(colon + 3, end - colon - 3), url); !read) {
    return read.error();
  }
  const std::string rest = "http://h" + std::string(all.substr(end));
  const auto parsed = urls::parse_uri(rest);
  if (parsed.has_error()) return invalid_url("the path or query of the URL is malformed");
  url.target = target_of(*parsed);
  return url;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The scheme of a reference, in lower case; empty when it has none.
std::string scheme_of(std::string_view reference) {
  const std::size_t end = reference.find_first_of(":/?#");
  if (end == std::string_view::npos || reference[end] != ':') return {};
  return lower(reference.substr(0, end));
}

template <class Keep>
std::string percent_encoded(std::string_view text, Keep keep) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (keep(c)) {
      out += c;
    } else {
      append_escape(out, c);
    }
  }
  return out;
}

}  // namespace

bool Url::default_port() const { return port == port_of(scheme); }

std::string Url::authority() const {
  return default_port() ? host : fmt::format("{}:{}", host, port);
}

std::string Url::text() const { return fmt::format("{}://{}{}", scheme, authority(), target); }

Result<Url> parse_url(std::string_view text) { return parse(trimmed(text), "http", "https"); }

Result<Url> parse_mail_url(std::string_view text) {
  Result<Url> url = parse(trimmed(text), "smtp", "smtps");
  if (url && url->target != "/") {
    return invalid_url("the URL of a mail server has nothing behind its host and port");
  }
  return url;
}

Result<Url> join(const Url& base, std::string_view location) {
  location = trimmed(location);
  const std::string scheme = scheme_of(location);
  if (!scheme.empty()) {
    if (scheme != "http" && scheme != "https") {
      return invalid("unsupported", "the redirect leads to something that is not http or https");
    }
    return parse_url(location);
  }
  Result<std::string> clean = escaped(location);
  if (!clean) return clean.error();
  if (clean->starts_with("//")) return parse_url(base.scheme + ":" + *clean);
  const std::string repaired = with_lone_percents_escaped(*clean);
  const auto reference = urls::parse_uri_reference(repaired);
  // A stand-in for the authority, which is not touched; see read_authority.
  const std::string base_text = "http://h" + base.target;
  const auto origin = urls::parse_uri(base_text);
  urls::url joined;
  if (reference.has_error() || origin.has_error() ||
      urls::resolve(*origin, *reference, joined).has_error()) {
    return invalid_url("the Location of the redirect is malformed");
  }
  Url url = base;
  url.target = target_of(joined);
  return url;
}

std::string encode_component(std::string_view text) {
  return percent_encoded(
      text, [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~'; });
}

std::string encode_segment(std::string_view text) {
  if (text == ".") return "%2E";
  if (text == "..") return "%2E%2E";
  return encode_component(text);
}

std::string encode_form_component(std::string_view text) {
  std::string out = percent_encoded(text, [](char c) {
    return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '*' || c == ' ';
  });
  for (char& c : out) {
    if (c == ' ') c = '+';
  }
  return out;
}

Result<std::string> with_query(std::string_view url, const Pairs& parameters) {
  Result<Url> parsed = parse_url(url);
  if (!parsed) return parsed.error();
  std::string text = parsed->text();
  char separator = parsed->target.find('?') == std::string::npos ? '?' : '&';
  if (text.back() == '?' || text.back() == '&') separator = '\0';
  for (const auto& [name, value] : parameters) {
    if (separator != '\0') text += separator;
    text += encode_component(name);
    text += '=';
    text += encode_component(value);
    separator = '&';
  }
  return text;
}

std::string decode_component(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr ==
            text.data() + i + 3) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string decode_form_component(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return decode_component(spaced);
}

}  // namespace pilot::http
