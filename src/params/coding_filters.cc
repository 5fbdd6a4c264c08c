// Filters that write or read a text in some encoding, and conversions between types.
#include <fmt/format.h>

#include "base/crypto.h"
#include "base/markup.h"
#include "params/filters.h"

namespace pilot::params {
namespace {

Result<Json> json(const Json& in, Arguments) { return text_json(to_json(in)); }

Result<Json> read_json(const Json& in, Arguments) {
  auto value = parse_json(text_of(in));
  if (!value) {
    return filter_error(
        fmt::format("the text is no valid JSON ({})", value.error().code_or_kind()));
  }
  return value;
}

Result<Json> string(const Json& in, Arguments) {
  return in.is_string() ? in : text_json(to_json(in));
}

Result<Json> boolean(const Json& in, Arguments) {
  if (in.is_bool()) return in;
  if (in.is_null()) return Json(false);
  if (!in.is_string()) return Json(!(in.is_double() ? in.get_double() == 0 : in == 0));
  std::string text(utf8_prefix(text_of(in), 8));
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const std::string_view word : {"true", "yes", "on", "1"}) {
    if (text == word) return Json(true);
  }
  for (const std::string_view word : {"false", "no", "off", "0", ""}) {
    if (text == word) return Json(false);
  }
  return filter_error("the text is none of true, yes, on, 1, false, no, off, 0");
}

Result<Json> escape_html(const Json& in, Arguments) {
  return text_json(escape_markup(text_of(in)));
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// RFC 3986: everything but the unreserved characters, so that it fits into any part of a URL.
Result<Json> url_encode(const Json& in, Arguments) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text_of(in)) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return text_json(out);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<Json> checked_text(const std::string& bytes) {
  if (!is_valid_utf8(bytes)) return filter_error("what comes out is no text (not valid UTF-8)");
  return text_json(bytes);
}

Result<Json> url_decode(const Json& in, Arguments) {
  const auto text = text_of(in);
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at];
      continue;
    }
    const int high = at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
    const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
    if (high < 0 || low < 0) return filter_error("a `%` is not followed by two hex digits");
    out += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return checked_text(out);
}

Result<Json> base64(const Json& in, Arguments) { return text_json(crypto::base64(text_of(in))); }

Result<Json> base64_decode(const Json& in, Arguments) {
  const auto bytes = crypto::decode_base64(text_of(in));
  if (!bytes) return filter_error("the text is no valid base64");
  return checked_text(*bytes);
}

Result<Json> sha256(const Json& in, Arguments) {
  return text_json(crypto::hex(crypto::sha256(text_of(in))));
}

constexpr Kinds kScalar = kText | kNumber | kBoolean | kNull;

constexpr Filter kFilters[] = {
    {"base64", kText, 0, 0, {}, "base64 with padding", base64},
    {"base64_decode", kText, 0, 0, {}, "back from base64; must give UTF-8", base64_decode},
    {"boolean", kScalar, 0, 0, {}, "true for true, yes, on, 1 and numbers but 0", boolean},
    {"escape_html", kText, 0, 0, {}, "safe inside HTML text and quoted attributes", escape_html},
    {"json", kAny, 0, 0, {}, "as compact JSON text", json},
    {"parse_json", kText, 0, 0, {}, "the value that a JSON text stands for", read_json},
    {"sha256", kText, 0, 0, {}, "SHA-256 in hex", sha256},
    {"string", kAny, 0, 0, {}, "text as it is, anything else as compact JSON", string},
    {"url_decode", kText, 0, 0, {}, "undoes %XX; must give UTF-8", url_decode},
    {"url_encode", kText, 0, 0, {}, "%XX for all but letters, digits, - . _ ~", url_encode},
};

}  // namespace

std::span<const Filter> coding_filters() { return kFilters; }

}  // namespace pilot::params
