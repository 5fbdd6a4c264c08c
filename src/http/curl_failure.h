// Turns what curl says about a failed transfer into a SendError. Internal to http/. Pure; any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace pilot::http {

struct CurlFailure {
  int code = 0;             // CURLcode
  long os_error = 0;        // errno of a failed connect, or 0
  long verify_result = 0;   // X509_V_ERR_..., for certificate errors
  bool sent = false;        // some of the request may have reached the other side
  std::string_view detail;  // curl's error text; looked into, never shown
  std::string_view peer;    // host and port, for the message
  Millis timeout{0};        // of the whole exchange
};

SendError describe(const CurlFailure& failure);

SendError blocked_address(std::string_view peer, std::string_view rule, bool sent);
SendError host_not_allowed(std::string_view peer, bool sent);
SendError timed_out(std::string_view peer, Millis timeout, bool sent);
SendError was_cancelled(bool sent);

}  // namespace pilot::http
