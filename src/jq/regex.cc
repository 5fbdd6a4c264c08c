// Translates Oniguruma's patterns to RE2's, and keeps what was compiled.
#include "jq/regex.h"

#include <algorithm>
#include <cctype>
#include <cstdint>

#include "jq/regex_classes.h"

namespace pilot::jq {

namespace {

constexpr std::int64_t kMaxMemory = 1 << 20;  // of one compiled pattern, its caches included

constexpr std::string_view kNotLinear =
    "look-around and back references are not supported (matching takes linear time)";

const Class* class_named(std::string_view name) {
  for (const Class& c : kClasses) {
    if (name.size() != c.name.size()) continue;
    bool same = true;
    for (std::size_t i = 0; i < name.size(); ++i) {
      same = same && std::tolower(static_cast<unsigned char>(name[i])) == c.name[i];
    }
    if (same) return &c;
  }
  return nullptr;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Goes through the pattern once, from left to right.
class Translator {
 public:
  Translator(std::string_view pattern, const RegexFlags& flags, const RegexTarget& target)
      : rest_(pattern), target_(target), extended_(flags.extended) {}

  Regex run() {
    while (!rest_.empty() && out_.problem.empty()) step();
    return std::move(out_);
  }

 private:
  char peek(std::size_t at = 0) const { return at < rest_.size() ? rest_[at] : '\0'; }
  bool starts(std::string_view with) const { return rest_.starts_with(with); }
  void emit(std::string_view text) { out_.re2_syntax += text; }
  void copy(std::size_t count) {
    emit(rest_.substr(0, count));
    rest_.remove_prefix(std::min(count, rest_.size()));
  }
  void fail(std::string_view what) { out_.problem = what; }

  void step() {
    const char c = peek();
    if (extended_ && (c == ' ' || (c >= '\t' && c <= '\r'))) {
      rest_.remove_prefix(1);
    } else if (extended_ && c == '#') {
      rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
    } else if (c == '\\') {
      escape();
    } else if (c == '[') {
      bracket();
    } else if (c == '(') {
      group();
    } else if (c == ')') {
      if (!outer_extended_.empty()) {
        extended_ = outer_extended_.back();
        outer_extended_.pop_back();
      }
      copy(1);
    } else if ((c == '*' || c == '+' || c == '?') && peek(1) == '+') {
      fail(kNotLinear);  // possessive
    } else {
      if (c == '$') out_.has_dollar = true;
      copy(1);
    }
  }

  void literal(char c) {
    if (static_cast<unsigned char>(c) < 0x80 && std::isalnum(static_cast<unsigned char>(c)) == 0) {
      emit("\\");
    }
    if (c == '\n') {
      emit("n");
    } else {
      out_.re2_syntax += c;
    }
  }

  void code_point(unsigned value) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string digits;
    do {
      digits.insert(digits.begin(), kHex[value & 15]);
      value >>= 4;
    } while (value != 0);
    emit("\\x{" + digits + "}");
  }

  void class_text(const Class& c, bool negated, bool in_bracket) {
    const bool ascii = target_.alphabet == Alphabet::ascii;
    const bool european = target_.alphabet == Alphabet::european && !c.european.empty();
    const std::string_view inside = ascii ? c.ascii : european ? c.european : c.unicode;
    const std::string_view outside = ascii      ? c.ascii_not
                                     : european ? c.european_not
                                                : c.unicode_not;
    if (in_bracket) return emit(negated ? outside : inside);
    emit(negated ? "[^" : "[");
    emit(inside);
    emit("]");
  }

  // What means the same in and out of brackets. False: it is none of those.
  bool common_escape(bool in_bracket) {
    const char c = peek(1);
    switch (c) {
      case 'w':
      case 'W':
        class_text(kWord, c == 'W', in_bracket);
        break;
      case 'd':
      case 'D':
        class_text(kDigit, c == 'D', in_bracket);
        break;
      case 's':
      case 'S':
        class_text(kSpace, c == 'S', in_bracket);
        break;
      case 'a':
      case 'f':
      case 'n':
      case 'r':
      case 't':
      case 'v':
        copy(2);
        return true;
      case 'e':
        emit("\\x1B");
        break;
      case 'p':
      case 'P':
        return property(in_bracket);
      case 'x':
        return hex();
      case '0':
        return octal();
      default:
        return false;
    }
    rest_.remove_prefix(2);
    return true;
  }

  bool property(bool in_bracket) {
    const std::size_t close = rest_.find('}');
    if (peek(2) != '{' || close == std::string_view::npos) return false;
    std::string_view name = rest_.substr(3, close - 3);
    const bool hat = name.starts_with('^');
    if (hat) name.remove_prefix(1);
    if (const Class* known = class_named(name)) {
      class_text(*known, (peek(1) == 'P') != hat, in_bracket);
      rest_.remove_prefix(close + 1);
    } else {
      copy(close + 1);
    }
    return true;
  }

  bool hex() {
    if (peek(2) == '{') {
      copy(std::min(rest_.find('}'), rest_.size() - 1) + 1);
      return true;
    }
    unsigned value = 0;
    std::size_t at = 2;
    for (; at < 4 && hex_value(peek(at)) >= 0; ++at) {
      value = value * 16 + static_cast<unsigned>(hex_value(peek(at)));
    }
    code_point(value);
    rest_.remove_prefix(at);
    return true;
  }

  bool octal() {
    unsigned value = 0;
    std::size_t at = 1;
    for (; at < 4 && peek(at) >= '0' && peek(at) <= '7'; ++at) {
      value = value * 8 + static_cast<unsigned>(peek(at) - '0');
    }
    code_point(value);
    rest_.remove_prefix(at);
    return true;
  }

  void escape() {
    if (rest_.size() < 2) return fail("it ends with a backslash");
    if (common_escape(false)) return;
    const char c = peek(1);
    if (c == 'Q') return quoted();
    const auto is_octal = [&](std::size_t at) { return peek(at) >= '0' && peek(at) <= '7'; };
    if (c >= '1' && c <= '3' && is_octal(2) && is_octal(3)) {
      octal();
      return;
    }
    if ((c >= '1' && c <= '9') ||
        std::string_view("kgKGRXyYONR").find(c) != std::string_view::npos) {
      return fail(kNotLinear);
    }
    if (c == 'A' || c == 'b' || c == 'B') return copy(2);
    if (c == 'Z') {
      out_.has_dollar = true;
      emit("\\z");
    } else if (c == 'z') {
      // Not where the text was cut.
      emit(target_.cut ? R"([^\x00-\x{10FFFF}])" : "\\z");
    } else {
      literal(c);
    }
    rest_.remove_prefix(2);
  }

  void quoted() {  // \Q...\E
    rest_.remove_prefix(2);
    const std::size_t end = std::min(rest_.find("\\E"), rest_.size());
    for (const char c : rest_.substr(0, end)) literal(c);
    rest_.remove_prefix(std::min(end + 2, rest_.size()));
  }

  void bracket() {
    copy(peek(1) == '^' ? 2 : 1);
    bool first = true;
    while (!rest_.empty() && out_.problem.empty()) {
      if (peek() == ']' && !first) return copy(1);
      first = false;
      if (starts("&&")) return fail("&& in a class is not supported");
      if (starts("[:") && posix_class()) continue;
      if (peek() == '\\') {
        if (rest_.size() < 2) break;
        if (common_escape(true)) continue;
        if (peek(1) == 'b') {
          emit("\\x08");
        } else if (peek(1) >= '1' && peek(1) <= '7') {
          octal();
          continue;
        } else {
          literal(peek(1));
        }
        rest_.remove_prefix(2);
      } else if (peek() == '[') {
        emit("\\[");
        rest_.remove_prefix(1);
      } else {
        copy(1);
      }
    }
    if (out_.problem.empty()) fail("a class is not closed with ]");
  }

  bool posix_class() {
    const std::size_t close = rest_.find(":]");
    if (close == std::string_view::npos) return false;
    std::string_view name = rest_.substr(2, close - 2);
    const bool hat = name.starts_with('^');
    if (hat) name.remove_prefix(1);
    const Class* known = class_named(name);
    if (known == nullptr) return false;
    class_text(*known, hat, true);
    rest_.remove_prefix(close + 2);
    return true;
  }

  void group() {
    if (starts("(?#")) {
      const std::size_t end = rest_.find(')');
      if (end == std::string_view::npos) return fail("a comment is not closed with )");
      return rest_.remove_prefix(end + 1);
    }
    if (!starts("(?")) {
      outer_extended_.push_back(extended_);
      out_.groups.push_back({});
      return copy(1);
    }
    const char c = peek(2);
    const bool behind = c == '<' && (peek(3) == '=' || peek(3) == '!');
    if (c == '=' || c == '!' || c == '>' || c == '(' || c == '~' || behind) return fail(kNotLinear);
    if (c == '<' || c == '\'') return named_group(c == '<' ? '>' : '\'');
    flags();
  }

  void named_group(char closer) {
    const std::size_t end = rest_.find(closer, 3);
    if (end == std::string_view::npos || end == 3) return fail("a group's name is missing");
    outer_extended_.push_back(extended_);
    out_.groups.push_back({true, std::string(rest_.substr(3, end - 3))});
    emit("(");
    rest_.remove_prefix(end + 1);
  }

  // (?ims-x) and (?ims-x:
  void flags() {
    std::string on;
    std::string off;
    bool minus = false;
    bool extended = extended_;
    std::size_t at = 2;
    for (; peek(at) != ':' && peek(at) != ')'; ++at) {
      const char c = peek(at);
      if (c == '-' && !minus) {
        minus = true;
      } else if (c == 'x') {
        extended = !minus;
      } else if (c == 'i' || c == 'm' || c == 's') {
        (minus ? off : on) += c;
      } else {
        return fail("what follows (? is none of its options");
      }
    }
    const bool nothing = on.empty() && off.empty();
    if (peek(at) == ':') {
      outer_extended_.push_back(extended_);
      emit("(?" + on + (off.empty() ? "" : "-" + off) + ":");
    } else if (!nothing) {
      emit("(?" + on + (off.empty() ? "" : "-" + off) + ")");
    }
    extended_ = extended;
    rest_.remove_prefix(at + 1);
  }

  std::string_view rest_;
  RegexTarget target_;
  bool extended_;
  std::vector<bool> outer_extended_;  // of the open groups: what holds again after each
  Regex out_;
};

RE2::Options options_of(const RegexFlags& flags) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_posix_syntax(false);
  options.set_max_mem(kMaxMemory);
  options.set_dot_nl(flags.dot_newline);
  options.set_case_sensitive(!flags.ignore_case);
  options.set_longest_match(flags.longest);
  return options;
}

}  // namespace

Alphabet alphabet_of(std::string_view text) {
  Alphabet found = Alphabet::ascii;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) continue;
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    const bool below_530 = c < 0xD4 || (c == 0xD4 && next < 0xB0);
    const bool punctuation = c == 0xE2 && next < 0x83;
    if (!below_530 && !punctuation) return Alphabet::all;
    i += punctuation ? 2 : c >= 0xC0 ? 1 : 0;
    found = Alphabet::european;
  }
  return found;
}

Regex translate(std::string_view pattern, const RegexFlags& flags, const RegexTarget& target) {
  return Translator(pattern, flags, target).run();
}

std::shared_ptr<const Regex> RegexCache::find(std::string_view pattern, const RegexFlags& flags,
                                              const RegexTarget& target) {
  const unsigned bits = (flags.ignore_case ? 1u : 0) | (flags.extended ? 2u : 0) |
                        (flags.dot_newline ? 4u : 0) | (flags.longest ? 8u : 0) |
                        (target.cut ? 16u : 0) | (static_cast<unsigned>(target.alphabet) << 5);
  auto key = std::pair{std::string(pattern), bits};
  if (const auto found = patterns_.find(key); found != patterns_.end()) return found->second;
  if (patterns_.size() >= kMost) patterns_.erase(patterns_.begin());
  auto made = std::make_shared<Regex>(translate(pattern, flags, target));
  if (made->problem.empty()) {
    made->re = std::make_unique<RE2>(made->re2_syntax, options_of(flags));
    if (!made->re->ok()) {
      made->problem = made->re->error();
      made->re = nullptr;
    }
  }
  return patterns_.emplace(std::move(key), std::move(made)).first->second;
}

}  // namespace pilot::jq
