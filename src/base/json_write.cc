// The writer of json.h. One walk over the value, with a sink that either keeps the text or only
// counts it. Pure; any thread.
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/assert.h"
#include "base/json.h"

namespace pilot {
namespace {

// How many bytes a character of a string takes: 1 as it is, 2 as \n and the like, 6 as \u001f.
constexpr std::array<std::uint8_t, 256> kWidth = [] {
  std::array<std::uint8_t, 256> width{};
  for (std::size_t i = 0; i < width.size(); ++i) width[i] = i < 0x20 ? 6 : 1;
  for (const char c : {'\b', '\f', '\n', '\r', '\t', '"', '\\'}) {
    width[static_cast<unsigned char>(c)] = 2;
  }
  return width;
}();

std::uint8_t width_of(char c) { return kWidth[static_cast<unsigned char>(c)]; }

// True if one of the eight bytes is below 0x20, a quote or a backslash (may also be true for a
// byte above 0x7f beside one; the caller then looks at each).
bool needs_escape(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  constexpr std::uint64_t kHigh = 0x8080808080808080u;
  const std::uint64_t quote = word ^ (kOnes * '"');
  const std::uint64_t slash = word ^ (kOnes * '\\');
  return ((((word - kOnes * 0x20) & ~word) | ((quote - kOnes) & ~quote) |
           ((slash - kOnes) & ~slash)) &
          kHigh) != 0;
}

// The first character at or after `i` that must be escaped.
std::size_t next_escape(std::string_view text, std::size_t i) {
  while (text.size() - i >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, sizeof word);
    if (needs_escape(word)) break;
    i += 8;
  }
  while (i < text.size() && width_of(text[i]) == 1) ++i;
  return i;
}

void append_escape(std::string& out, char c) {
  switch (c) {
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    default:
      break;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u00";
  out += kDigits[static_cast<unsigned char>(c) >> 4];
  out += kDigits[static_cast<unsigned char>(c) & 0x0f];
}

class Keep {
 public:
  explicit Keep(std::string& out) : out_(out) {}
  void raw(std::string_view text) { out_ += text; }
  void raw(char c) { out_ += c; }
  void string(std::string_view text) { append_json_string(out_, text); }

 private:
  std::string& out_;
};

class Count {
 public:
  void raw(std::string_view text) { size_ += text.size(); }
  void raw(char) { ++size_; }
  void string(std::string_view text) {
    size_ += text.size() + 2;
    for (std::size_t i = next_escape(text, 0); i < text.size(); i = next_escape(text, i + 1)) {
      size_ += width_of(text[i]) - 1u;
    }
  }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_ = 0;
};

template <class Sink, class Integer>
void write_integer(Sink& sink, Integer value) {
  std::array<char, 24> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  sink.raw({text.data(), static_cast<std::size_t>(end - text.data())});
}

// The shortest digits that read back as the same double, always with a point or an exponent so
// that it stays a double; without an exponent where people would write it so.
template <class Sink>
void write_double(Sink& sink, double value) {
  PILOT_ASSERT(std::isfinite(value));
  const double size = std::abs(value);
  const bool plain = size == 0 || (size >= 1e-5 && size < 1e16);
  std::array<char, 40> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific)
                       .ptr;
  const std::string_view digits(text.data(), static_cast<std::size_t>(end - text.data()));
  sink.raw(digits);
  if (plain && digits.find('.') == std::string_view::npos) sink.raw(".0");
}

template <class Sink>
void write_value(Sink& sink, const Json& value);

template <class Sink>
void write_array(Sink& sink, const JsonArray& array) {
  sink.raw('[');
  bool first = true;
  for (const Json& item : array) {
    if (!first) sink.raw(',');
    first = false;
    write_value(sink, item);
  }
  sink.raw(']');
}

template <class Sink>
void write_object(Sink& sink, const JsonObject& object) {
  sink.raw('{');
  bool first = true;
  for (const auto& member : object) {
    if (!first) sink.raw(',');
    first = false;
    sink.string({member.key().data(), member.key().size()});
    sink.raw(':');
    write_value(sink, member.value());
  }
  sink.raw('}');
}

template <class Sink>
void write_value(Sink& sink, const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return sink.raw("null");
    case boost::json::kind::bool_:
      return sink.raw(value.get_bool() ? "true" : "false");
    case boost::json::kind::int64:
      return write_integer(sink, value.get_int64());
    case boost::json::kind::uint64:
      return write_integer(sink, value.get_uint64());
    case boost::json::kind::double_:
      return write_double(sink, value.get_double());
    case boost::json::kind::string:
      return sink.string(as_view(value.get_string()));
    case boost::json::kind::array:
      return write_array(sink, value.get_array());
    case boost::json::kind::object:
      return write_object(sink, value.get_object());
  }
}

void write_pretty(std::string& out, const Json& value, std::size_t indent) {
  const auto line = [&out](std::size_t depth) { out.append(1, '\n').append(2 * depth, ' '); };
  if (const JsonArray* array = value.if_array(); array != nullptr && !array->empty()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i != 0) out += ',';
      line(indent + 1);
      write_pretty(out, (*array)[i], indent + 1);
    }
    line(indent);
    out += ']';
  } else if (const JsonObject* object = value.if_object(); object != nullptr && !object->empty()) {
    out += '{';
    bool first = true;
    for (const auto& member : *object) {
      if (!first) out += ',';
      first = false;
      line(indent + 1);
      append_json_string(out, {member.key().data(), member.key().size()});
      out += ": ";
      write_pretty(out, member.value(), indent + 1);
    }
    line(indent);
    out += '}';
  } else {
    append_json(out, value);
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t begin = 0;
  for (std::size_t i = next_escape(text, 0); i < text.size(); i = next_escape(text, begin)) {
    out.append(text, begin, i - begin);
    append_escape(out, text[i]);
    begin = i + 1;
  }
  out.append(text, begin);
  out += '"';
}

void append_json(std::string& out, const Json& value) {
  Keep sink(out);
  write_value(sink, value);
}

std::string to_json(const Json& value) {
  std::string out;
  append_json(out, value);
  return out;
}

std::string to_pretty_json(const Json& value) {
  std::string out;
  write_pretty(out, value, 0);
  return out;
}

std::size_t json_size(const Json& value) {
  Count sink;
  write_value(sink, value);
  return sink.size();
}

}  // namespace pilot
