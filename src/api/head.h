// What is checked of a request's head beyond its grammar: its limits, while it arrives, and what
// decides where the body ends, where proxies and servers have disagreed (request smuggling).
// Stricter than the parser behind it: one request must have one reading. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "api/request.h"
#include "api/response.h"

namespace pilot::api {

// Where the head ends in what has arrived (just behind its empty line): none yet, or refused for
// good with 414, 431 or 400. `scanned` remembers how far earlier calls looked; begin with 0.
struct HeadScan {
  std::optional<std::size_t> end;
  std::optional<Response> refusal;
};
HeadScan scan_head(std::string_view bytes, std::size_t& scanned);

// How the body comes, from a parsed head. Refused with 400: Content-Length twice or not a number,
// it together with Transfer-Encoding, any Transfer-Encoding but `chunked`, no or two Hosts, an
// Upgrade to h2c; with 417 an unknown Expect; with 413 a Content-Length over `max_body`.
struct Framing {
  std::uint64_t length = 0;
  bool chunked = false;
  bool expects_continue = false;
  std::optional<Response> refusal;
};
Framing judge_framing(const std::vector<HeaderView>& headers, bool http11, std::size_t max_body);

// The answer to a request that is not HTTP, or not HTTP that Pilot speaks. Closes the connection.
Response bad_request(std::string_view what);
Response body_too_large(std::size_t limit, std::optional<std::uint64_t> actual);

}  // namespace pilot::api
