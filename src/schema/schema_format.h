// The values of `format` that are checked. Each check reads its text once, without backtracking.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pilot::schema {

enum class Format {
  none,
  email,
  uri,
  date,
  date_time,
  uuid,
  ipv4,
  ipv6,
  hostname,
};

std::optional<Format> parse_format(std::string_view name);
std::vector<std::string> format_names();
// For messages: "an email address".
std::string_view describe(Format format);
bool fits(Format format, std::string_view text);

}  // namespace pilot::schema
