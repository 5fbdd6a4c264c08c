// Builtins over texts, and between texts and other values.
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "jq/builtins.h"
#include "jq/codepoints.h"
#include "jq/json_reader.h"
#include "jq/messages.h"

namespace pilot::jq {

namespace {

Val number_of(std::size_t count) { return Val::integer(static_cast<std::int64_t>(count)); }

// Time and memory for one more text of `bytes`.
bool affords(Call& call, std::size_t bytes) {
  return call.meter.spend_bytes(bytes) && call.meter.fits(bytes);
}

Val utf8bytelength(Call& call, Val input, Val*) {
  if (!input.is_string()) return type_error(call, input, "only strings have UTF-8 byte length");
  return number_of(input.as_text().size());
}

Val explode(Call& call, Val input, Val*) {
  if (!input.is_string()) return call.fail("explode input must be a string");
  const std::string_view text = input.as_text();
  Val list = Val::array(call.meter);
  for (std::size_t at = 0; at < text.size() && call.meter.spend();) {
    list.push(call.meter, Val::integer(next_code_point(text, at)));
  }
  return list;
}

// What is no character becomes U+FFFD.
Val implode(Call& call, Val input, Val*) {
  if (!input.is_array()) return call.fail("implode input must be an array");
  if (!call.meter.fits(input.size() * 4)) return {};
  std::string out;
  for (std::size_t i = 0; i < input.size() && call.meter.spend(); ++i) {
    const Val item = input.at(i);
    if (!item.is_number()) {
      return type_error(call, item, "can't be imploded, unicode codepoint needs to be numeric");
    }
    const double value = item.as_double();
    const bool in_range = value >= 0 && value < 0x110000;
    append_code_point(out, in_range ? static_cast<std::uint32_t>(value) : kReplacement);
  }
  return Val::text(call.meter, out);
}

// Not strings: unchanged.
Val ltrimstr(Call& call, Val input, Val* args) {
  if (!input.is_string() || !args[0].is_string()) return input;
  const std::string_view text = input.as_text();
  if (args[0].as_text().empty() || !text.starts_with(args[0].as_text())) return input;
  if (!affords(call, text.size())) return {};
  return Val::text(call.meter, text.substr(args[0].as_text().size()));
}
Val rtrimstr(Call& call, Val input, Val* args) {
  if (!input.is_string() || !args[0].is_string()) return input;
  const std::string_view text = input.as_text();
  if (args[0].as_text().empty() || !text.ends_with(args[0].as_text())) return input;
  if (!affords(call, text.size())) return {};
  return Val::text(call.meter, text.substr(0, text.size() - args[0].as_text().size()));
}

Val startswith(Call& call, Val input, Val* args) {
  if (!input.is_string() || !args[0].is_string()) {
    return call.fail("startswith() requires string inputs");
  }
  if (!call.meter.spend_bytes(args[0].as_text().size())) return {};
  return Val(input.as_text().starts_with(args[0].as_text()));
}
Val endswith(Call& call, Val input, Val* args) {
  if (!input.is_string() || !args[0].is_string()) {
    return call.fail("endswith() requires string inputs");
  }
  if (!call.meter.spend_bytes(args[0].as_text().size())) return {};
  return Val(input.as_text().ends_with(args[0].as_text()));
}

// Places of `wanted` from `from` on. memmem is linear; std::string_view::find is not.
std::size_t find_text(std::string_view text, std::string_view wanted, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const void* found =
      ::memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

Val split(Call& call, Val input, Val* args) {
  if (!input.is_string() || !args[0].is_string()) {
    return call.fail("split input and separator must be strings");
  }
  const std::string_view text = input.as_text();
  const std::string_view separator = args[0].as_text();
  Val list = Val::array(call.meter);
  if (text.empty() || !call.meter.spend_bytes(2 * text.size() + separator.size())) return list;
  for (std::size_t at = 0; separator.empty() && at < text.size() && call.meter.spend();) {
    const std::size_t size = character_size(text, at);
    list.push(call.meter, Val::text(call.meter, text.substr(at, size)));
    at += size;
  }
  if (separator.empty()) return list;
  for (std::size_t from = 0; call.meter.spend();) {
    const std::size_t found = std::min(find_text(text, separator, from), text.size());
    list.push(call.meter, Val::text(call.meter, text.substr(from, found - from)));
    if (found == text.size()) break;
    from = found + separator.size();
  }
  return list;
}

Val changed_case(Call& call, const Val& input, char first, char last) {
  if (!input.is_string()) return call.fail("explode input must be a string");
  if (!affords(call, 2 * input.as_text().size())) return {};
  std::string out(input.as_text());
  for (char& c : out) {
    if (c >= first && c <= last) c = static_cast<char>(c ^ 0x20);
  }
  return Val::text(call.meter, out);
}
Val ascii_downcase(Call& call, Val input, Val*) { return changed_case(call, input, 'A', 'Z'); }
Val ascii_upcase(Call& call, Val input, Val*) { return changed_case(call, input, 'a', 'z'); }

// Unicode's white space.
bool is_white(std::uint32_t c) {
  return c == 0x20 || (c >= 0x09 && c <= 0x0D) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

Val trimmed(Call& call, const Val& input, bool left, bool right) {
  if (!input.is_string()) return type_error(call, input, "trim input must be a string");
  std::string_view text = input.as_text();
  if (!affords(call, 2 * text.size())) return {};
  while (left && !text.empty()) {
    std::size_t at = 0;
    if (!is_white(next_code_point(text, at))) break;
    text.remove_prefix(at);
  }
  while (right && !text.empty()) {
    std::size_t last = text.size() - 1;
    while (last > 0 && (text[last] & 0xC0) == 0x80) --last;
    std::size_t at = last;
    if (!is_white(next_code_point(text, at))) break;
    text = text.substr(0, last);
  }
  if (text.size() == input.as_text().size()) return input;
  return Val::text(call.meter, text);
}
Val trim(Call& call, Val input, Val*) { return trimmed(call, input, true, true); }
Val ltrim(Call& call, Val input, Val*) { return trimmed(call, input, true, false); }
Val rtrim(Call& call, Val input, Val*) { return trimmed(call, input, false, true); }

Val cannot_add(Call& call, std::string_view sum, const Val& more) {
  return call.fail(described(Val::borrowed(sum)) + " and " + described(more) + " cannot be added");
}

// As jq's definition: a sum, from left to right, in which null is nothing.
Val join(Call& call, Val input, Val* args) {
  const bool array = input.is_array();
  if (!array && !input.is_object()) {
    return call.fail("Cannot iterate over " + described(input));
  }
  const Val& separator = args[0];
  std::string out;
  const auto add = [&](const Val& more) {
    if (more.is_null()) return true;
    if (!more.is_string()) {
      cannot_add(call, out, more);
      return false;
    }
    if (!affords(call, more.as_text().size()) || !call.meter.fits(2 * out.size())) return false;
    out += more.as_text();
    return true;
  };
  for (std::size_t i = 0; i < input.size() && call.meter.spend(); ++i) {
    const Val item = array ? input.at(i) : input.member_at(i);
    if (i > 0 && !add(separator)) return {};
    const bool as_json =
        item.is_number() || item.kind() == Kind::boolean_false || item.kind() == Kind::boolean_true;
    const Val text = as_json ? Val::text(call.meter, to_text(call.meter, item)) : item;
    if (!add(text)) return {};
  }
  return Val::text(call.meter, out);
}

// Places that do not overlap, as jq 1.6; but in code points as jq 1.7, so that they fit slices (jq
// 1.6 counts bytes).
Val strindices(Call& call, Val input, Val* args) {
  if (!input.is_string()) {
    return type_error(call, input, "cannot be searched, as it is not a string");
  }
  if (!args[0].is_string()) return type_error(call, args[0], "is not a string");
  const std::string_view text = input.as_text();
  const std::string_view wanted = args[0].as_text();
  Val places = Val::array(call.meter);
  if (wanted.empty() || !call.meter.spend_bytes(2 * text.size())) return places;
  std::size_t place = 0;
  std::size_t counted = 0;  // bytes before `place`
  std::size_t at = find_text(text, wanted, 0);
  while (at != std::string_view::npos && call.meter.spend()) {
    place += characters(text.substr(counted, at - counted));
    counted = at;
    places.push(call.meter, number_of(place));
    at = find_text(text, wanted, at + wanted.size());
  }
  return places;
}

Val tojson(Call& call, Val input, Val*) {
  return Val::text(call.meter, to_text(call.meter, input));
}
Val tostring(Call& call, Val input, Val*) {
  return input.is_string() ? input : tojson(call, std::move(input), nullptr);
}

Val fromjson(Call& call, Val input, Val*) {
  if (!input.is_string()) return type_error(call, input, "only strings can be parsed");
  std::string problem;
  Val value = read_json(call.meter, input.as_text(), problem);
  return problem.empty() ? value : call.fail(problem);
}

Val tonumber(Call& call, Val input, Val*) {
  if (input.is_number()) return input;
  if (input.is_string()) {
    Val value = fromjson(call, input, nullptr);
    if (call.failed || value.is_number()) return value;
  }
  return type_error(call, input, "cannot be parsed as a number");
}

constexpr Builtin kTexts[] = {
    {"utf8bytelength", 0, utf8bytelength},
    {"explode", 0, explode},
    {"implode", 0, implode},
    {"ltrimstr", 1, ltrimstr},
    {"rtrimstr", 1, rtrimstr},
    {"startswith", 1, startswith},
    {"endswith", 1, endswith},
    {"split", 1, split},
    {"ascii_downcase", 0, ascii_downcase},
    {"ascii_upcase", 0, ascii_upcase},
    {"trim", 0, trim},
    {"ltrim", 0, ltrim},
    {"rtrim", 0, rtrim},
    {"join", 1, join},
    {"_strindices", 1, strindices},
    {"tojson", 0, tojson},
    {"tostring", 0, tostring},
    {"fromjson", 0, fromjson},
    {"tonumber", 0, tonumber},
};

}  // namespace

std::span<const Builtin> text_builtins() { return kTexts; }

}  // namespace pilot::jq
