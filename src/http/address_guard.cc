#include "http/address_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace pilot::http {
namespace {

enum class Rule {
  open,
  loopback,
  private_network,
  link_local,
  metadata,
  multicast,
  unspecified,
  reserved
};

struct Range4 {
  std::uint32_t base;
  int bits;
  Rule rule;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// IANA's IPv4 special-purpose registry, and the metadata services of the large clouds. The first
// match counts, so the single addresses stand before the nets around them.
constexpr std::array kRanges4{
    Range4{v4(169, 254, 169, 254), 32, Rule::metadata},  // AWS, GCP, Azure, ...
    Range4{v4(169, 254, 170, 2), 32, Rule::metadata},    // AWS container credentials
    Range4{v4(100, 100, 100, 200), 32, Rule::metadata},  // Alibaba
    Range4{v4(192, 0, 0, 192), 32, Rule::metadata},      // Oracle, classic
    Range4{v4(168, 63, 129, 16), 32, Rule::metadata},    // Azure's wire server
    Range4{v4(0, 0, 0, 0), 8, Rule::unspecified},        // "this network"; Linux: this host
    Range4{v4(10, 0, 0, 0), 8, Rule::private_network},
    Range4{v4(100, 64, 0, 0), 10, Rule::private_network},  // carrier NAT, overlay networks
    Range4{v4(127, 0, 0, 0), 8, Rule::loopback},
    Range4{v4(169, 254, 0, 0), 16, Rule::link_local},
    Range4{v4(172, 16, 0, 0), 12, Rule::private_network},
    Range4{v4(192, 0, 0, 0), 24, Rule::reserved},
    Range4{v4(192, 0, 2, 0), 24, Rule::reserved},    // documentation
    Range4{v4(192, 88, 99, 0), 24, Rule::reserved},  // 6to4 relays, given up
    Range4{v4(192, 168, 0, 0), 16, Rule::private_network},
    Range4{v4(198, 18, 0, 0), 15, Rule::reserved},    // benchmarks
    Range4{v4(198, 51, 100, 0), 24, Rule::reserved},  // documentation
    Range4{v4(203, 0, 113, 0), 24, Rule::reserved},   // documentation
    Range4{v4(224, 0, 0, 0), 4, Rule::multicast},
    Range4{v4(240, 0, 0, 0), 4, Rule::reserved},  // and 255.255.255.255
};

using Bytes16 = std::array<std::uint8_t, 16>;

struct Range6 {
  Bytes16 base;
  int bits;
  Rule rule;
};

constexpr Bytes16 v6(std::uint16_t a, std::uint16_t b = 0, std::uint16_t c = 0,
                     std::uint16_t last = 0) {
  Bytes16 out{};
  const auto put = [&out](std::size_t at, std::uint16_t value) {
    out[at] = static_cast<std::uint8_t>(value >> 8);
    out[at + 1] = static_cast<std::uint8_t>(value & 0xff);
  };
  put(0, a);
  put(2, b);
  put(4, c);
  put(14, last);
  return out;
}

constexpr std::array kRanges6{
    Range6{v6(0), 128, Rule::unspecified},
    Range6{v6(0, 0, 0, 1), 128, Rule::loopback},
    Range6{v6(0xfd00, 0x0ec2), 32, Rule::metadata},  // AWS: fd00:ec2::254 and its neighbours
    Range6{v6(0xfd20, 0x00ce, 0, 0x254), 128, Rule::metadata},  // GCP
    Range6{v6(0x64, 0xff9b, 1), 48, Rule::reserved},            // local NAT64: leads anywhere
    Range6{v6(0x100), 64, Rule::reserved},                      // discard
    Range6{v6(0x2001, 0x0db8), 32, Rule::reserved},             // documentation
    Range6{v6(0x2001), 23, Rule::reserved},  // Teredo, ORCHID and other protocols
    Range6{v6(0x3fff), 20, Rule::reserved},  // documentation
    Range6{v6(0xfc00), 7, Rule::private_network},
    Range6{v6(0xfe80), 10, Rule::link_local},
    Range6{v6(0xfec0), 10, Rule::private_network},  // site-local, given up
    Range6{v6(0xff00), 8, Rule::multicast},
};

bool in_range(std::span<const std::uint8_t> address, std::span<const std::uint8_t> base, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole),
                  base.begin())) {
    return false;
  }
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - bits % 8));
  return (address[whole] & mask) == (base[whole] & mask);
}

// Which rule an address falls under, and how narrow the range is that says so.
struct Verdict {
  Rule rule = Rule::open;
  int bits = 0;
};

Verdict verdict_of(std::uint32_t address) {
  for (const Range4& range : kRanges4) {
    const std::uint32_t mask = ~std::uint32_t{0} << (32 - range.bits);
    if ((address & mask) == (range.base & mask)) return {range.rule, range.bits};
  }
  return {};
}

std::uint32_t v4_at(const Bytes16& address, std::size_t at) {
  return v4(address[at], address[at + 1], address[at + 2], address[at + 3]);
}

// The IPv4 address that an IPv6 address leads to, if it is of a kind that does.
std::optional<std::uint32_t> embedded(const Bytes16& a) {
  constexpr Bytes16 kNat64 = v6(0x64, 0xff9b);
  const bool zero8 = std::all_of(a.begin(), a.begin() + 8, [](auto byte) { return byte == 0; });
  const std::uint32_t middle = v4_at(a, 8);
  if (zero8 && (middle == 0x0000ffff || middle == 0 || middle == 0xffff0000)) {
    return v4_at(a, 12);  // mapped, compatible (given up), translated (RFC 2765)
  }
  if (in_range(a, kNat64, 96)) return v4_at(a, 12);
  if (a[0] == 0x20 && a[1] == 0x02) return v4_at(a, 2);          // 6to4
  if ((middle & 0xfdffffff) == 0x00005efe) return v4_at(a, 12);  // ISATAP
  return std::nullopt;
}

const Range6* range_of(const Bytes16& address) {
  for (const Range6& range : kRanges6) {
    if (in_range(address, range.base, range.bits)) return &range;
  }
  return nullptr;
}

// An address as it is judged and as rules may name it: the IPv4 address that counts, or IPv6.
struct Judged {
  Verdict verdict;
  std::array<std::uint8_t, 16> bytes{};
  std::size_t size = 0;  // 4 or 16; 0: no IP address
  Bytes16 outer{};       // the IPv6 address that an IPv4 one was found in, else zero
};

Judged judge_v4(std::uint32_t address) {
  Judged out{.verdict = verdict_of(address), .size = 4};
  for (std::size_t i = 0; i < 4; ++i) {
    out.bytes[i] = static_cast<std::uint8_t>(address >> (24 - 8 * i));
  }
  return out;
}

Judged judge_v6(const Bytes16& address) {
  if (const Range6* range = range_of(address)) {
    return {.verdict = {range->rule, range->bits}, .bytes = address, .size = 16};
  }
  if (const auto inner = embedded(address)) {
    Judged judged = judge_v4(*inner);
    judged.outer = address;
    return judged;
  }
  // Only 2000::/3 has been given out for the Internet.
  const bool given_out = (address[0] & 0xe0) == 0x20;
  return {.verdict = {given_out ? Rule::open : Rule::reserved, 3}, .bytes = address, .size = 16};
}

Judged judge(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    return judge_v4(ntohl(in.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    Bytes16 bytes{};
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return judge_v6(bytes);
  }
  return {.verdict = {Rule::reserved, 128}};  // nothing that Pilot connects to
}

std::string_view name_of(Rule rule) {
  switch (rule) {
    case Rule::loopback:
      return "loopback";
    case Rule::private_network:
      return "private";
    case Rule::link_local:
      return "link_local";
    case Rule::metadata:
      return "metadata";
    case Rule::multicast:
      return "multicast";
    case Rule::unspecified:
      return "unspecified";
    case Rule::open:
    case Rule::reserved:
      break;
  }
  return "reserved";
}

bool is_lifted(const Judged& judged, const AddressPolicy& policy, const Asked& asked) {
  const Rule rule = judged.verdict.rule;
  if (rule == Rule::loopback && policy.allow_loopback) return true;
  if (rule == Rule::private_network && policy.allow_private) return true;
  const bool by_name = rule == Rule::loopback || rule == Rule::private_network;
  if (by_name && policy.alone && policy.alone->load(std::memory_order_relaxed)) return true;
  return std::any_of(policy.allow.begin(), policy.allow.end(), [&](const HostRule& allowed) {
    if (!allowed.is_network()) return by_name && allowed.names(asked.host, asked.port);
    const auto bits = allowed.covers(judged.bytes.data(), judged.size, asked.port);
    return bits && *bits >= judged.verdict.bits;
  });
}

}  // namespace

std::optional<std::string> forbidden(const sockaddr& address, const AddressPolicy& policy,
                                     const Asked& asked) {
  const Judged judged = judge(address);
  const bool is_denied =
      std::any_of(policy.deny.begin(), policy.deny.end(), [&](const HostRule& rule) {
        return rule.covers(judged.bytes.data(), judged.size, asked.port) ||
               rule.covers(judged.outer.data(), judged.outer.size(), asked.port);
      });
  if (is_denied) return "denied";
  if (judged.verdict.rule == Rule::open || is_lifted(judged, policy, asked)) return std::nullopt;
  return std::string(name_of(judged.verdict.rule));
}

bool denied(const Asked& asked, const AddressPolicy& policy) {
  return std::any_of(policy.deny.begin(), policy.deny.end(),
                     [&](const HostRule& rule) { return rule.names(asked.host, asked.port); });
}

}  // namespace pilot::http
