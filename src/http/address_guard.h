// Judges the address that a socket is about to connect to. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/transport.h"

struct sockaddr;

namespace pilot::http {

// Host and port that the URL asks for, whatever they resolved to.
struct Asked {
  std::string_view host;
  std::uint16_t port = 0;
};

// None when the address may be reached, else the rule that forbids it ("loopback", "private",
// "link_local", "metadata", "multicast", "unspecified", "reserved", "denied"). IPv4 inside IPv6
// (mapped, NAT64, 6to4) is judged as the IPv4 address it leads to.
//
// What is denied stays so. A network that is allowed lifts a rule if it is at least as narrow as
// the range that the rule is about: 169.254.169.254 must be named itself, 10.1.0.0/16 opens part of
// 10.0.0.0/8, and 0.0.0.0/0 opens nothing. A name that is allowed lifts "loopback" and "private".
std::optional<std::string> forbidden(const sockaddr& address, const AddressPolicy& policy,
                                     const Asked& asked = {});

// The name is denied, whatever it resolves to.
bool denied(const Asked& asked, const AddressPolicy& policy);

}  // namespace pilot::http
