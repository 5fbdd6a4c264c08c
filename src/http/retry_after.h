// Reads Retry-After (RFC 9110 10.2.3): seconds, or a date in one of HTTP's three forms. Pure; any
// thread.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace pilot::http {

// How long to wait from `now`; none when the text is neither. The past gives zero, and what is
// longer than limits::kRetryAfter is cut to it.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, WallTime now);

// IMF-fixdate, RFC 850 and asctime forms; a two-digit year is the nearest one not more than 50
// years after `now`.
std::optional<WallTime> parse_http_date(std::string_view text, WallTime now);

}  // namespace pilot::http
