// Bodies of requests (forms, multipart) and what a Content-Type says. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/url.h"

namespace pilot::http {

// application/x-www-form-urlencoded
std::string encode_form(const Pairs& fields);

struct Part {
  std::string name;
  std::string value;                    // bytes
  std::optional<std::string> filename;  // a file part
  std::string content_type;             // empty: none for a field, octet-stream for a file
};

struct Multipart {
  std::string content_type;  // multipart/form-data; boundary=...
  std::string body;
};

// multipart/form-data (RFC 7578; names escaped as HTML says). Without a boundary one is derived
// from the content, so that a retry sends the same bytes. Code invalid_header for a content type or
// boundary that would break out of its line, invalid_body for a boundary that occurs in a part.
Result<Multipart> build_multipart(const std::vector<Part>& parts, std::string_view boundary = {});

struct MediaType {
  std::string type;     // "application/json", lower case, no parameters; empty when unreadable
  std::string charset;  // lower case; empty when not given

  bool is_json() const;  // application/json, text/json and +json
  bool is_text() const;  // text/*, JSON, XML, forms, JavaScript
};

MediaType parse_content_type(std::string_view value);

}  // namespace pilot::http
