// Filters on texts. Positions and lengths are in characters (code points), not bytes.
#include <fmt/format.h>

#include "model/limits.h"
#include "params/filters.h"

namespace pilot::params {
namespace {

// Upper case of the two-byte letters: Latin-1, Latin Extended-A, Greek, Cyrillic. All of them stay
// two bytes long; what changes length (as the German sharp s does) stays as it is.
unsigned upper_letter(unsigned c) {
  const bool odd = c % 2 == 1;
  if (c == 0xFF) return 0x178;
  if (c >= 0xE0 && c <= 0xFE && c != 0xF7) return c - 0x20;
  if ((c >= 0x100 && c <= 0x137 && c != 0x131) || (c >= 0x14A && c <= 0x177))
    return odd ? c - 1 : c;
  if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return odd ? c : c - 1;
  if (c == 0x3AC) return 0x386;
  if (c >= 0x3AD && c <= 0x3AF) return c - 0x25;
  if (c == 0x3C2) return 0x3A3;
  if (c >= 0x3B1 && c <= 0x3CB) return c - 0x20;
  if (c == 0x3CC) return 0x38C;
  if (c == 0x3CD || c == 0x3CE) return c - 0x3F;
  if (c >= 0x430 && c <= 0x44F) return c - 0x20;
  if (c >= 0x450 && c <= 0x45F) return c - 0x50;
  if (c >= 0x48A && c <= 0x4BF) return odd ? c - 1 : c;
  return c;
}

unsigned lower_letter(unsigned c) {
  const bool odd = c % 2 == 1;
  if (c == 0x178) return 0xFF;
  if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 0x20;
  if ((c >= 0x100 && c <= 0x137 && c != 0x130) || (c >= 0x14A && c <= 0x177))
    return odd ? c : c + 1;
  if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return odd ? c + 1 : c;
  if (c == 0x386) return 0x3AC;
  if (c >= 0x388 && c <= 0x38A) return c + 0x25;
  if (c >= 0x391 && c <= 0x3AB && c != 0x3A2) return c + 0x20;
  if (c == 0x38C) return 0x3CC;
  if (c == 0x38E || c == 0x38F) return c + 0x3F;
  if (c >= 0x410 && c <= 0x42F) return c + 0x20;
  if (c >= 0x400 && c <= 0x40F) return c + 0x50;
  if (c >= 0x48A && c <= 0x4BF) return odd ? c : c + 1;
  return c;
}

template <class Letter>
Json change_case(std::string_view text, char first, Letter letter) {
  std::string out(text);
  for (std::size_t at = 0; at < out.size();) {
    const auto size = character_bytes(out, at);
    if (size == 1 && out[at] >= first && out[at] < first + 26) {
      out[at] = static_cast<char>(out[at] ^ 0x20);
    } else if (size == 2) {
      const auto high = static_cast<unsigned char>(out[at]);
      const auto low = static_cast<unsigned char>(out[at + 1]);
      const unsigned changed = letter((high & 0x1Fu) << 6 | (low & 0x3Fu));
      out[at] = static_cast<char>(0xC0 | changed >> 6);
      out[at + 1] = static_cast<char>(0x80 | (changed & 0x3F));
    }
    at += size;
  }
  return text_json(out);
}

Result<Json> upper(const Json& in, Arguments) {
  return change_case(text_of(in), 'a', upper_letter);
}
Result<Json> lower(const Json& in, Arguments) {
  return change_case(text_of(in), 'A', lower_letter);
}

Result<Json> trim(const Json& in, Arguments) {
  constexpr std::string_view kSpaces = " \t\r\n\f\v";
  auto text = text_of(in);
  text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
  text = text.substr(0, text.find_last_not_of(kSpaces) + 1);
  return text_json(text);
}

Result<Json> append(const Json& in, Arguments arguments) {
  return text_json(fmt::format("{}{}", text_of(in), text_of(arguments[0])));
}
Result<Json> prefix(const Json& in, Arguments arguments) {
  return text_json(fmt::format("{}{}", text_of(arguments[0]), text_of(in)));
}

Result<Json> replace(const Json& in, Arguments arguments) {
  const auto text = text_of(in);
  const auto from = text_of(arguments[0]);
  const auto to = text_of(arguments[1]);
  if (from.empty())
    return filter_error("there is nothing to look for: its first argument is empty");
  std::string out;
  std::size_t at = 0;
  for (auto found = find_text(text, from); found != text.npos; found = find_text(text, from, at)) {
    out += text.substr(at, found - at);
    out += to;
    if (out.size() > limits::kString) return text_limit_error();
    at = found + from.size();
  }
  out += text.substr(at);
  return text_json(out);
}

Result<Json> split(const Json& in, Arguments arguments) {
  const auto text = text_of(in);
  const auto separator = text_of(arguments[0]);
  JsonArray out;
  std::size_t at = 0;
  while (out.size() < limits::kJsonKeys) {
    std::size_t end = 0;
    if (!separator.empty()) {
      end = std::min(find_text(text, separator, at), text.size());
    } else if (at < text.size()) {
      end = at + character_bytes(text, at);
    }
    if (!separator.empty() || at < text.size()) out.push_back(text_json(text.substr(at, end - at)));
    if (end >= text.size() || (separator.empty() && at >= text.size())) return Json(std::move(out));
    at = end + separator.size();
  }
  return too_large("limit_exceeded",
                   fmt::format("the text has more than {} pieces", limits::kJsonKeys));
}

Result<Json> starts_with(const Json& in, Arguments arguments) {
  return Json(text_of(in).starts_with(text_of(arguments[0])));
}
Result<Json> ends_with(const Json& in, Arguments arguments) {
  return Json(text_of(in).ends_with(text_of(arguments[0])));
}

// At most so many characters, those of the ellipsis among them.
Result<Json> truncate(const Json& in, Arguments arguments) {
  const auto limit = arguments[0].get_int64();
  if (limit < 0) return filter_error("it cannot keep less than 0 characters");
  const std::string_view ellipsis = arguments.size() > 1 ? text_of(arguments[1]) : "…";
  const auto characters = static_cast<std::size_t>(limit);
  const auto text = text_of(in);
  if (text.size() <= characters || count_characters(text) <= characters) return in;
  const auto tail = utf8_prefix_characters(ellipsis, characters);
  const auto kept = utf8_prefix_characters(text, characters - count_characters(tail));
  return text_json(fmt::format("{}{}", kept, tail));
}

constexpr Filter kFilters[] = {
    {"append", kText, 1, 1, {kText, 0}, "puts a text behind", append},
    {"ends_with", kText, 1, 1, {kText, 0}, "true when the text ends so", ends_with},
    {"lower", kText, 0, 0, {}, "lower case (Latin, Greek and Cyrillic letters)", lower},
    {"prefix", kText, 1, 1, {kText, 0}, "puts a text in front", prefix},
    {"replace", kText, 2, 2, {kText, kText}, "replaces every occurrence of a text", replace},
    {"split", kText, 1, 1, {kText, 0}, "cuts into a list; \"\" cuts after each character", split},
    {"starts_with", kText, 1, 1, {kText, 0}, "true when the text starts so", starts_with},
    {"trim", kText, 0, 0, {}, "without the white space at both ends", trim},
    {"truncate",
     kText,
     1,
     2,
     {kInteger, kText},
     "at most n characters, the ending (…) included",
     truncate},
    {"upper", kText, 0, 0, {}, "upper case (Latin, Greek and Cyrillic letters)", upper},
};

}  // namespace

std::span<const Filter> text_filters() { return kFilters; }

}  // namespace pilot::params
