// An HTTP request that Pilot sends and the answer it gets, as values. No network here.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "http/host_rules.h"
#include "model/limits.h"

namespace pilot::http {

struct Header {
  std::string name;
  std::string value;
  bool sensitive = false;  // masked when shown, dropped when a redirect leaves the host
};

struct Request {
  std::string method = "GET";
  std::string url;
  std::vector<Header> headers;
  std::string body;
  bool has_body = false;  // an empty body with a length is not the same as none
  bool follow_redirects = true;
  Millis timeout{30'000};  // the whole exchange, redirects included
  std::size_t max_response_bytes = limits::kResponseBytes;  // after decompression
  // Each of these must have the host of every hop; else host_not_allowed. None: anywhere.
  std::vector<HostListPtr> allowed_hosts = {};
};

struct Response {
  int status = 0;
  std::vector<Header> headers;  // of the last hop, in order
  std::string body;             // decompressed
  std::string url;              // where the answer came from, after redirects
  int redirects = 0;

  // First header of that name, any case.
  std::optional<std::string_view> header(std::string_view name) const;
};

// Why there is no answer. `code` is one of: blocked_address, host_not_allowed, dns_failed,
// connect_failed, tls_failed, timeout, connection_lost, bad_response, response_too_large,
// too_many_redirects, invalid_url, invalid_header, cancelled, unsupported.
struct SendError {
  std::string code;
  std::string message;
  bool sent = false;       // some of the request may have reached the other side
  bool retryable = false;  // it could go better next time (never for blocked, TLS or our limits)
};

struct Answer {
  std::optional<Response> response;
  std::optional<SendError> error;  // exactly one of the two
};

// Checks what must never go on the wire: CR, LF, NUL or non-ASCII in header names or values, bad
// methods, headers that the transport owns (Host, Content-Length, Transfer-Encoding,
// Connection...). None when fine, else an error with code invalid_header.
std::optional<SendError> check_headers(const Request& request);

}  // namespace pilot::http
