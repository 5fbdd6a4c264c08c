// See schema_format.h. email is RFC 5321 4.1.2 (ASCII), uri RFC 3986 with a scheme, date and
// date-time RFC 3339, uuid RFC 9562, hostname RFC 1123.
#include "schema/schema_format.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace pilot::schema {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alnum(char c) { return is_digit(c) || is_letter(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

// All digits, and their number; -1 otherwise.
int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool is_hostname(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  while (true) {
    const std::size_t end = std::min(text.find('.'), text.size());
    const std::string_view label = text.substr(0, end);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
      return false;
    }
    if (!std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; })) {
      return false;
    }
    if (end == text.size()) return true;
    text.remove_prefix(end + 1);
  }
}

bool is_address(int family, std::string_view text) {
  constexpr std::size_t kLongest = 45;
  if (text.empty() || text.size() > kLongest) return false;
  // Also keeps out the NUL that would end the text early.
  if (!std::all_of(text.begin(), text.end(),
                   [](char c) { return is_hex(c) || c == '.' || c == ':'; })) {
    return false;
  }
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return ::inet_pton(family, std::string(text).c_str(), address.data()) == 1;
}

bool is_quoted_local(std::string_view local) {
  if (local.size() < 2 || local.front() != '"' || local.back() != '"') return false;
  const std::string_view inner = local.substr(1, local.size() - 2);
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] < ' ' || inner[i] > '~' || inner[i] == '"') return false;
    if (inner[i] == '\\' && (++i == inner.size() || inner[i] < ' ' || inner[i] > '~')) return false;
  }
  return true;
}

bool is_dotted_local(std::string_view local) {
  char before = '.';
  for (const char c : local) {
    if (!is_alnum(c) && !is_one_of(c, ".!#$%&'*+/=?^_`{|}~-")) return false;
    if (c == '.' && before == '.') return false;
    before = c;
  }
  return before != '.';
}

bool is_email(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || text.size() > 254) return false;
  const std::string_view local = text.substr(0, at);
  const std::string_view domain = text.substr(at + 1);
  if (!is_dotted_local(local) && !is_quoted_local(local)) return false;
  if (!domain.starts_with('[')) return is_hostname(domain);
  if (!domain.ends_with(']')) return false;
  const std::string_view literal = domain.substr(1, domain.size() - 2);
  if (literal.starts_with("IPv6:")) return is_address(AF_INET6, literal.substr(5));
  return is_address(AF_INET, literal);
}

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const int year = number(text.substr(0, 4));
  const int month = number(text.substr(5, 2));
  const int day = number(text.substr(8, 2));
  if (year < 0 || month < 0 || day < 0) return false;
  return std::chrono::year_month_day{std::chrono::year{year},
                                     std::chrono::month{static_cast<unsigned>(month)},
                                     std::chrono::day{static_cast<unsigned>(day)}}
      .ok();
}

// "Z" or "+02:00" in minutes east; nothing when it is neither.
std::optional<int> offset_minutes(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || !is_one_of(text[0], "+-") || text[3] != ':') return std::nullopt;
  const int hours = number(text.substr(1, 2));
  const int minutes = number(text.substr(4, 2));
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

bool is_date_time(std::string_view text) {
  if (text.size() < 20 || !is_date(text.substr(0, 10)) || !is_one_of(text[10], "Tt")) return false;
  if (text[13] != ':' || text[16] != ':') return false;
  const int hour = number(text.substr(11, 2));
  const int minute = number(text.substr(14, 2));
  const int second = number(text.substr(17, 2));
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return false;
  text.remove_prefix(19);
  if (text.starts_with('.')) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    if (end == 1) return false;
    text.remove_prefix(end);
  }
  const std::optional<int> offset = offset_minutes(text);
  if (!offset) return false;
  constexpr int kDay = 24 * 60;
  const int utc = ((hour * 60 + minute - *offset) % kDay + kDay) % kDay;
  return second < 60 || utc == kDay - 1;  // a leap second ends a day of UTC
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

// Unreserved, sub-delims, %XX, and what else is allowed in this part of a URI.
bool are_uri_characters(std::string_view text, std::string_view more) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (text.size() - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      i += 2;
    } else if (!is_alnum(text[i]) && !is_one_of(text[i], "-._~!$&'()*+,;=") &&
               !is_one_of(text[i], more)) {
      return false;
    }
  }
  return true;
}

bool is_ip_future(std::string_view text) {  // v1.anything
  const std::size_t dot = text.find('.');
  if (!text.starts_with('v') && !text.starts_with('V')) return false;
  if (dot == std::string_view::npos || dot < 2 || dot + 1 == text.size()) return false;
  const std::string_view version = text.substr(1, dot - 1);
  return std::all_of(version.begin(), version.end(), is_hex) &&
         text.find('%') == std::string_view::npos && are_uri_characters(text.substr(dot + 1), ":");
}

bool is_authority(std::string_view text) {
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    if (!are_uri_characters(text.substr(0, at), ":")) return false;
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    const std::string_view literal = text.substr(1, end - 1);
    if (!is_address(AF_INET6, literal) && !is_ip_future(literal)) return false;
    port = text.substr(end + 1);
    if (!port.empty() && port.front() != ':') return false;
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    if (!are_uri_characters(text.substr(0, colon), "")) return false;
    port = text.substr(colon);
  }
  if (!port.empty()) port.remove_prefix(1);
  return std::all_of(port.begin(), port.end(), is_digit);
}

bool is_uri(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_letter(text.front())) return false;
  const std::string_view scheme = text.substr(0, colon);
  if (!std::all_of(scheme.begin(), scheme.end(),
                   [](char c) { return is_alnum(c) || is_one_of(c, "+-."); })) {
    return false;
  }
  text.remove_prefix(colon + 1);
  if (const std::size_t hash = text.find('#'); hash != std::string_view::npos) {
    if (!are_uri_characters(text.substr(hash + 1), ":@/?")) return false;
    text = text.substr(0, hash);
  }
  if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
    if (!are_uri_characters(text.substr(mark + 1), ":@/?")) return false;
    text = text.substr(0, mark);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const std::size_t path = std::min(text.find('/'), text.size());
    if (!is_authority(text.substr(0, path))) return false;
    text.remove_prefix(path);
  }
  return are_uri_characters(text, ":@/");
}

struct Entry {
  Format format;
  std::string_view name;
  std::string_view words;
};
constexpr std::array kFormats = {
    Entry{Format::email, "email", "an email address"},
    Entry{Format::uri, "uri", "a URI with its scheme (https://...)"},
    Entry{Format::date, "date", "a date (2026-11-23)"},
    Entry{Format::date_time, "date-time", "a date and time (2026-11-23T02:18:41Z)"},
    Entry{Format::uuid, "uuid", "a UUID"},
    Entry{Format::ipv4, "ipv4", "an IPv4 address"},
    Entry{Format::ipv6, "ipv6", "an IPv6 address"},
    Entry{Format::hostname, "hostname", "a host name"},
};

}  // namespace

std::optional<Format> parse_format(std::string_view name) {
  for (const Entry& entry : kFormats) {
    if (entry.name == name) return entry.format;
  }
  return std::nullopt;
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kFormats) names.emplace_back(entry.name);
  return names;
}

std::string_view describe(Format format) {
  for (const Entry& entry : kFormats) {
    if (entry.format == format) return entry.words;
  }
  return "a string";
}

bool fits(Format format, std::string_view text) {
  switch (format) {
    case Format::none:
      return true;
    case Format::email:
      return is_email(text);
    case Format::uri:
      return is_uri(text);
    case Format::date:
      return is_date(text);
    case Format::date_time:
      return is_date_time(text);
    case Format::uuid:
      return is_uuid(text);
    case Format::ipv4:
      return is_address(AF_INET, text);
    case Format::ipv6:
      return is_address(AF_INET6, text);
    case Format::hostname:
      return is_hostname(text);
  }
  return false;
}

}  // namespace pilot::schema
