#include "http/host_rules.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace pilot::http {
namespace {

Error wrong(std::string_view text, std::string_view what) {
  return invalid(
      "invalid_host_rule",
      fmt::format("\"{}\" {}: expected a host name, .a.domain (it and all below it), an "
                  "IP address or a network like 10.1.2.0/24, with :port behind if wanted",
                  text, what));
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

// What a resolver takes for an address though it is not written like one ("2130706433").
bool is_odd_address(const std::string& text) {
  in_addr address{};
  return ::inet_aton(text.c_str(), &address) != 0;
}

std::optional<int> number(std::string_view text, int most) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > most) {
    return std::nullopt;
  }
  return value;
}

bool same_bits(const std::uint8_t* a, const std::uint8_t* b, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (std::memcmp(a, b, whole) != 0) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - bits % 8));
  return (a[whole] & mask) == (b[whole] & mask);
}

std::array<std::uint8_t, 16> cut(const std::array<std::uint8_t, 16>& address, int bits) {
  std::array<std::uint8_t, 16> out{};
  for (int i = 0; i < bits; ++i) {
    const auto at = static_cast<std::size_t>(i / 8);
    const int mask = 0x80 >> (i % 8);
    out[at] = static_cast<std::uint8_t>(out[at] | (address[at] & mask));
  }
  return out;
}

// Address and port of "[::1]:80", "::1", "10.0.0.1:80", "a.test:80".
std::pair<std::string_view, std::string_view> split_port(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {text, {}};
    const std::string_view rest = text.substr(end + 1);
    return {text.substr(1, end - 1), rest.starts_with(':') ? rest.substr(1) : rest};
  }
  const std::size_t colon = text.find(':');
  const bool v6 = colon != std::string_view::npos && text.find(':', colon + 1) != text.npos;
  if (v6 || colon == std::string_view::npos) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace

std::string plain_host(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::string out(host);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  while (out.ends_with('.')) out.pop_back();
  return out;
}

Status HostRule::read_network(std::string_view address, std::string_view bits,
                              std::string_view text) {
  const std::string plain(address);
  if (::inet_pton(AF_INET, plain.c_str(), base_.data()) == 1) {
    size_ = 4;
  } else if (::inet_pton(AF_INET6, plain.c_str(), base_.data()) == 1) {
    size_ = 16;
  } else {
    return wrong(text, "is no address");
  }
  const int all = static_cast<int>(size_) * 8;
  const auto given = bits.empty() ? all : number(bits, all);
  if (!given) return wrong(text, "has no number of bits behind the /");
  bits_ = *given;
  if (!same_bits(base_.data(), cut(base_, bits_).data(), all)) {
    return wrong(text, "has bits behind its length, so that it is not clear what is meant");
  }
  unmap();
  return ok();
}

// The guard judges IPv4 inside IPv6 as IPv4, so a rule about it is one about IPv4.
void HostRule::unmap() {
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (size_ != 16 || bits_ < 96 || !std::equal(kMapped.begin(), kMapped.end(), base_.begin()))
    return;
  std::copy(base_.begin() + 12, base_.end(), base_.begin());
  size_ = 4;
  bits_ -= 96;
}

Result<HostRule> HostRule::parse(std::string_view text) {
  HostRule rule;
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos && text.find("://") == std::string_view::npos) {
    const std::string_view bits = text.substr(slash + 1);
    if (bits.empty()) return wrong(text, "has no number of bits behind the /");
    if (Status read = rule.read_network(plain_host(text.substr(0, slash)), bits, text); !read) {
      return read.error();
    }
    return rule;
  }
  const auto [host, port] = split_port(text);
  if (!port.empty() || text.ends_with(':')) {
    const auto number_of_port = number(port, 65'535);
    if (!number_of_port || *number_of_port == 0) return wrong(text, "has no port behind its colon");
    rule.port_ = static_cast<std::uint16_t>(*number_of_port);
  }
  if (rule.read_network(host, {}, text)) return rule;
  if (text.starts_with('[')) return wrong(text, "is no IPv6 address");
  rule.and_below_ = host.starts_with('.');
  rule.name_ = plain_host(rule.and_below_ ? host.substr(1) : host);
  if (!is_name(rule.name_) || rule.name_.starts_with('.') || rule.name_.starts_with('-')) {
    return wrong(text, "is no host");
  }
  if (is_odd_address(rule.name_)) return wrong(text, "is an address in an odd spelling");
  return rule;
}

bool HostRule::names(std::string_view host, std::uint16_t port) const {
  if (!at_port(port)) return false;
  const std::string plain = plain_host(host);
  if (!is_network()) {
    if (plain == name_) return true;
    return and_below_ && plain.size() > name_.size() && plain.ends_with(name_) &&
           plain[plain.size() - name_.size() - 1] == '.';
  }
  std::array<std::uint8_t, 16> address{};
  if (size_ == 4) {
    in_addr v4{};
    if (::inet_aton(plain.c_str(), &v4) == 0) return false;
    std::memcpy(address.data(), &v4, sizeof v4);
  } else if (::inet_pton(AF_INET6, plain.c_str(), address.data()) != 1) {
    return false;
  }
  return same_bits(address.data(), base_.data(), bits_);
}

std::optional<int> HostRule::covers(const std::uint8_t* address, std::size_t size,
                                    std::uint16_t port) const {
  if (!is_network() || size != size_ || !at_port(port)) return std::nullopt;
  if (!same_bits(address, base_.data(), bits_)) return std::nullopt;
  return bits_;
}

Result<HostList> HostList::parse(std::string_view text) {
  HostList list;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(", \t\r\n");
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (one.empty()) continue;
    Result<HostRule> rule = HostRule::parse(one);
    if (!rule) return rule.error();
    list.rules_.push_back(std::move(*rule));
  }
  return list;
}

bool HostList::has(std::string_view host, std::uint16_t port) const {
  return std::any_of(rules_.begin(), rules_.end(),
                     [&](const HostRule& rule) { return rule.names(host, port); });
}

}  // namespace pilot::http
