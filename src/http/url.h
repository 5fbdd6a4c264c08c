// URLs of outgoing requests: checking, joining, and putting values in safely. The only home of
// Boost.URL. Pure; any thread. Errors have the code invalid_url and never quote userinfo or a
// query.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pilot::http {

// An absolute http or https URL in normal form. The path is left as it was written (dot segments
// and escapes included): the server that was meant gets what was meant.
struct Url {
  std::string scheme;      // "http", "https" (mail: "smtp", "smtps")
  std::string host;        // lower case; an IPv6 address in brackets
  std::uint16_t port = 0;  // the scheme's default when the text has none
  std::string target;      // path and query; starts with '/'

  bool default_port() const;
  std::string authority() const;  // host, and the port unless it is the scheme's default
  std::string text() const;       // the whole URL
  bool same_origin(const Url& other) const {
    return scheme == other.scheme && host == other.host && port == other.port;
  }
  bool operator==(const Url&) const = default;
};

// http and https only. The fragment is dropped; userinfo is refused (credentials belong into the
// connection); spaces and non-ASCII bytes in path and query are percent-encoded.
Result<Url> parse_url(std::string_view text);

// smtp://host[:port] or smtps://host[:port], nothing behind it.
Result<Url> parse_mail_url(std::string_view text);

// Where a Location header leads from `base`. Code unsupported when it is not http or https.
Result<Url> join(const Url& base, std::string_view location);

// Everything but A-Z a-z 0-9 - . _ ~ percent-encoded: safe as a query component.
std::string encode_component(std::string_view text);

// As encode_component, and "." and ".." do not come out as dot segments: safe as one path segment.
std::string encode_segment(std::string_view text);

// application/x-www-form-urlencoded: a space becomes '+'.
std::string encode_form_component(std::string_view text);

using Pairs = std::vector<std::pair<std::string, std::string>>;

// %41 as A; what is no escape stays. For a form '+' is a space, too.
std::string decode_component(std::string_view text);
std::string decode_form_component(std::string_view text);

// The URL in normal form with the parameters appended to its query, encoded.
Result<std::string> with_query(std::string_view url, const Pairs& parameters);

}  // namespace pilot::http
