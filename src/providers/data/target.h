// The fields that connections to servers of their own have: host, port, user name, password. Pure;
// any thread.
#pragma once

#include "providers/registry.h"

namespace pilot::providers::data {

struct Target {
  std::string host;
  std::uint16_t port = 0;
  std::string username;
  std::string password;
  std::string database;
  std::string tls;  // the provider's word for what it does about TLS
  ~Target() { wipe(password); }
  Target() = default;
  Target(const Target&) = default;
  Target& operator=(const Target&) = default;
};

// From the connection's fields, or from its `url` (SCHEME://user:password@host:port/database?x=y);
// the query may only have `tls_field`. Codes: missing_credentials, invalid_value.
Result<Target> target_of(const Call& call, std::initializer_list<std::string_view> schemes,
                         std::uint16_t default_port, std::string_view tls_field);

// The fields for a form: url, host, port, username, password, and `more`.
std::vector<AuthField> target_fields(std::string_view what, std::vector<AuthField> more);

// 1 to 65535. Code invalid_value.
Result<std::uint16_t> port_of(std::string_view text);

}  // namespace pilot::providers::data
