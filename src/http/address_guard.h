// Judges the address that a socket is about to connect to. Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "http/transport.h"

struct sockaddr;

namespace pilot::http {

// None when the address may be reached, else the rule that forbids it ("loopback", "private",
// "link_local", "metadata", "multicast", "unspecified", "reserved"). IPv4 inside IPv6 (mapped,
// NAT64, 6to4) is judged as the IPv4 address it leads to.
std::optional<std::string> forbidden(const sockaddr& address, const AddressPolicy& policy);

}  // namespace pilot::http
