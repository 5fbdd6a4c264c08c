// The reader behind fromjson and tonumber. It makes values from tokens as jq does, step by step, so
// that its errors and their places are the same.
#include "jq/json_reader.h"

#include <absl/strings/charconv.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

#include "base/json.h"
#include "jq/codepoints.h"

namespace pilot::jq {

namespace {

constexpr std::size_t kDepth = 256;
constexpr std::size_t kQuoted = 200;  // bytes of the text in messages

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_structure(char c) { return std::string_view("[]{},:").find(c) != std::string_view::npos; }

class Reader {
 public:
  Reader(Meter& meter, std::string_view text) : meter_(meter), text_(text) {}

  Val run(std::string& problem) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    const std::string_view whole = text_;
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
    if (!meter_.spend_bytes(text_.size() * 2)) return {};
    if (std::string message = read_all(); !message.empty()) {
      const bool cut = whole.size() > kQuoted;
      problem = message + " (while parsing '" + std::string(utf8_prefix(whole, kQuoted)) +
                (cut ? "...')" : "')");
    }
    return result_ ? std::move(*result_) : Val();
  }

 private:
  using Problem = const char*;  // null: none

  std::string read_all() {
    for (at_ = 0; at_ < text_.size() && !extra_; ++at_) {
      ++column_;
      if (text_[at_] == '\n') {
        ++line_;
        column_ = 0;
      }
      if (const Problem problem = scan(text_[at_]); problem != nullptr) return placed(problem, "");
      if (meter_.spent() != Spent::nothing) return {};
    }
    if (!extra_) {
      if (state_ != State::normal) return placed("Unfinished string", " at EOF");
      if (const Problem problem = end_literal(); problem != nullptr) {
        return placed(problem, " at EOF");
      }
      if (!stack_.empty()) return placed("Unfinished JSON term", " at EOF");
      finish_value();
    }
    if (extra_) return "Unexpected extra JSON values";
    return result_ ? "" : "Expected JSON value";
  }

  std::string placed(Problem problem, std::string_view eof) const {
    return problem + std::string(eof) + " at line " + std::to_string(line_) + ", column " +
           std::to_string(column_);
  }

  Problem scan(char c) {
    if (state_ == State::escape) {
      state_ = State::string;
      return nullptr;
    }
    if (state_ == State::string) {
      if (c == '\\') state_ = State::escape;
      if (c != '"') return nullptr;
      state_ = State::normal;
      const Problem problem = end_string();
      start_ = at_ + 1;
      if (problem == nullptr) finish_value();
      return problem;
    }
    if (c != '"' && !is_space(c) && !is_structure(c)) return nullptr;  // of a literal
    if (const Problem problem = end_literal(); problem != nullptr) return problem;
    finish_value();
    if (is_structure(c)) {
      if (const Problem problem = structure(c); problem != nullptr) return problem;
    }
    finish_value();
    start_ = at_ + 1;
    if (c == '"') state_ = State::string;
    return nullptr;
  }

  // A whole value at the top: the answer, unless there is one.
  void finish_value() {
    if (!stack_.empty() || !next_) return;
    if (result_) {
      extra_ = true;
    } else {
      result_ = std::move(*next_);
    }
    next_.reset();
  }

  Problem value(Val made) {
    if (next_) return "Expected separator between values";
    meter_.spend();
    next_ = std::move(made);
    return nullptr;
  }

  bool top_is(bool (Val::*kind)() const) const {
    return !stack_.empty() && (stack_.back().*kind)();
  }
  // The key on top and the value that follows go to the object below.
  void put_member() {
    const Val key = std::move(stack_.back());
    stack_.pop_back();
    stack_.back().put(meter_, key, std::move(*next_));
    next_.reset();
  }
  void put_element() {
    stack_.back().push(meter_, std::move(*next_));
    next_.reset();
  }
  void close() {
    next_ = std::move(stack_.back());
    stack_.pop_back();
  }

  Problem structure(char c) {
    switch (c) {
      case '[':
      case '{':
        if (stack_.size() >= kDepth) return "Exceeds depth limit for parsing";
        if (next_) return "Expected separator between values";
        stack_.push_back(c == '[' ? Val::array(meter_) : Val::object(meter_));
        return nullptr;
      case ':':
        if (!next_) return "Expected string key before ':'";
        if (!top_is(&Val::is_object)) return "':' not as part of an object";
        if (!next_->is_string()) return "Object keys must be strings";
        stack_.push_back(std::move(*next_));
        next_.reset();
        return nullptr;
      case ',':
        return comma();
      case ']':
        if (!top_is(&Val::is_array)) return "Unmatched ']'";
        if (next_) {
          put_element();
        } else if (stack_.back().size() > 0) {
          return "Expected another array element";
        }
        close();
        return nullptr;
      default:
        return close_object();
    }
  }

  Problem comma() {
    if (!next_) return "Expected value before ','";
    if (top_is(&Val::is_array)) {
      put_element();
    } else if (top_is(&Val::is_string)) {
      put_member();
    } else {
      return "Objects must consist of key:value pairs";
    }
    return nullptr;
  }

  Problem close_object() {
    if (stack_.empty()) return "Unmatched '}'";
    if (next_) {
      if (!top_is(&Val::is_string)) return "Objects must consist of key:value pairs";
      put_member();
    } else {
      if (!top_is(&Val::is_object)) return "Unmatched '}'";
      if (stack_.back().size() > 0) return "Expected another key-value pair";
    }
    close();
    return nullptr;
  }

  Problem end_literal() {
    const std::string_view token = text_.substr(start_, at_ - start_);
    if (token.empty()) return nullptr;
    if (token == "nan") return value(Val::number(std::numeric_limits<double>::quiet_NaN()));
    switch (token[0]) {
      case 't':
        return token == "true" ? value(Val(true)) : "Invalid literal";
      case 'f':
        return token == "false" ? value(Val(false)) : "Invalid literal";
      case 'n':
        return token == "null" ? value(Val()) : "Invalid literal";
      default:
        return number(token);
    }
  }

  Problem number(std::string_view token) {
    constexpr Problem kWrong = "Invalid numeric literal";
    if (token.find_first_of("xX") != std::string_view::npos) return kWrong;  // absl reads 0x10
    if (token[0] == '+') {
      token.remove_prefix(1);
      if (token.empty() || token[0] == '-') return kWrong;
    }
    const char* const end = token.data() + token.size();
    const bool minus_zero =
        token[0] == '-' && token.find_first_not_of('0', 1) == std::string_view::npos;
    std::int64_t integer = 0;
    const auto as_integer = std::from_chars(token.data(), end, integer);
    if (as_integer.ec == std::errc() && as_integer.ptr == end && !minus_zero) {
      return value(Val::integer(integer));
    }
    std::uint64_t natural = 0;
    const auto as_natural = std::from_chars(token.data(), end, natural);
    if (as_natural.ec == std::errc() && as_natural.ptr == end) return value(Val::natural(natural));
    double real = 0;
    const auto as_real = absl::from_chars(token.data(), end, real);
    const bool whole = as_real.ptr == end && as_real.ec != std::errc::invalid_argument;
    if (!whole || token.back() == ')') return kWrong;  // nan(12)
    return value(Val::number(real));                   // past the range: infinite or 0
  }

  Problem end_string() {
    const std::string_view raw = text_.substr(start_, at_ - start_);
    if (raw.find('\\') == std::string_view::npos) {
      if (std::any_of(raw.begin(), raw.end(), is_control)) return kControl;
      return value(Val::text(meter_, raw));
    }
    if (!meter_.fits(raw.size())) return nullptr;
    std::string out;
    out.reserve(raw.size());
    for (std::size_t i = 0; i < raw.size();) {
      if (raw[i] == '\\') {
        if (const Problem problem = unescape(raw, i, out); problem != nullptr) return problem;
      } else {
        if (is_control(raw[i])) return kControl;
        out += raw[i++];
      }
    }
    return value(Val::text(meter_, out));
  }

  static bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20; }

  static Problem unescape(std::string_view raw, std::size_t& i, std::string& out) {
    const char c = raw[i + 1];
    i += 2;
    constexpr std::string_view kNames = "\\\"/bfnrt";
    constexpr std::string_view kMeant = "\\\"/\b\f\n\r\t";
    if (const std::size_t found = kNames.find(c); found != std::string_view::npos) {
      out += kMeant[found];
      return nullptr;
    }
    if (c != 'u') return "Invalid escape";
    if (i + 4 > raw.size()) return "Invalid \\uXXXX escape";
    std::optional<std::uint32_t> unit = hex4(raw.substr(i, 4));
    if (!unit) return "Invalid characters in \\uXXXX escape";
    i += 4;
    if (*unit >= 0xD800 && *unit <= 0xDBFF) {
      std::optional<std::uint32_t> low;
      if (raw.substr(i).starts_with("\\u") && i + 6 <= raw.size()) low = hex4(raw.substr(i + 2, 4));
      if (!low || *low < 0xDC00 || *low > 0xDFFF) {
        return "Invalid \\uXXXX\\uXXXX surrogate pair escape";
      }
      unit = 0x10000 + ((*unit - 0xD800) << 10 | (*low - 0xDC00));
      i += 6;
    }
    append_code_point(out, *unit);
    return nullptr;
  }

  static std::optional<std::uint32_t> hex4(std::string_view digits) {
    std::uint32_t value = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + 4, value, 16);
    if (read.ec != std::errc() || read.ptr != digits.data() + 4) return std::nullopt;
    return value;
  }

  static constexpr Problem kControl =
      "Invalid string: control characters from U+0000 through U+001F must be escaped";
  enum class State { normal, string, escape };

  Meter& meter_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;  // of the present token
  int line_ = 1;
  int column_ = 0;
  State state_ = State::normal;
  std::vector<Val> stack_;  // open arrays and objects, and keys that wait for their value
  std::optional<Val> next_;
  std::optional<Val> result_;
  bool extra_ = false;
};

}  // namespace

Val read_json(Meter& meter, std::string_view text, std::string& problem) {
  return Reader(meter, text).run(problem);
}

}  // namespace pilot::jq
