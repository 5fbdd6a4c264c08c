// The builtin that match, test, capture, scan, split, sub and gsub are made of.
#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "jq/builtins.h"
#include "jq/regex.h"
#include "model/limits.h"

namespace pilot::jq {

namespace {

// Instructions of a compiled pattern times bytes of text. RE2 cannot be interrupted; its slowest
// engine was measured to need up to 20 ns for one of these, so that one search ends within about
// 100 ms.
constexpr std::size_t kSlowestSearch = 5'000'000;

std::string described(const Val& v) { return std::string(kind_name(v)) + " (" + brief(v) + ")"; }

// Like RE2's StringPiece, but knows the places in the text.
struct Span {
  std::size_t from = 0;
  std::size_t size = 0;
  bool taken = false;
};
using Match = std::vector<Span>;  // the whole, then the groups; empty: none

// Flags as jq writes them. False: one of them does not exist.
bool read_flags(std::string_view text, RegexFlags& flags) {
  for (const char c : text) {
    switch (c) {
      case 'g':
        flags.global = true;
        break;
      case 'i':
        flags.ignore_case = true;
        break;
      case 'x':
        flags.extended = true;
        break;
      case 's':
        break;  // ^ and $ stand for the ends of the text only: so they do anyway
      case 'p':
        flags.dot_newline = true;
        break;
      case 'l':
        flags.longest = true;
        break;
      case 'n':
        flags.skip_empty = true;
        break;
      default:
        return false;
    }
  }
  return true;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}
std::size_t next_character(std::string_view text, std::size_t at) {
  do {
    ++at;
  } while (at < text.size() && (text[at] & 0xC0) == 0x80);
  return at;
}

// One pattern on one text.
class Search {
 public:
  Search(Call& call, std::string_view text, std::string_view pattern, const RegexFlags& flags)
      : call_(call), text_(text), flags_(flags) {
    RegexTarget target;
    target.alphabet = alphabet_of(text);
    ascii_ = target.alphabet == Alphabet::ascii;
    const auto start = std::chrono::steady_clock::now();
    whole_ = call.regexes.find(pattern, flags, target);
    if (whole_->problem.empty() && whole_->has_dollar && text.ends_with('\n')) {
      target.cut = true;
      cut_ = call.regexes.find(pattern, flags, target);
    }
    took_since(start);
    for (const Regex* regex : {whole_.get(), cut_.get()}) {
      if (regex != nullptr && !regex->problem.empty()) {
        call.fail(std::string(pattern) + " (at offset 0) is not a valid regex: " + regex->problem);
        return;
      }
    }
  }

  bool test() {
    std::size_t from = 0;
    return !next(from, !flags_.skip_empty).empty();
  }

  Val matches() {
    Val found = Val::array(call_.meter);
    std::size_t from = 0;
    do {
      const Match match = next(from, false);
      if (match.empty() || !call_.meter.spend()) break;
      found.push(call_.meter, described_match(match));
    } while (flags_.global && from < text_.size());
    return found;
  }

 private:
  void took_since(std::chrono::steady_clock::time_point start) {
    const auto time = std::chrono::steady_clock::now() - start;
    call_.meter.spend(std::chrono::duration_cast<std::chrono::nanoseconds>(time).count() / 100);
  }

  // The first match at or after `from`, which then is where to look for the one after.
  Match next(std::size_t& from, bool only_whether) {
    for (;;) {
      Match match = once(*whole_, text_, from, only_whether);
      if (cut_ != nullptr && from < text_.size()) {
        // $ before the line break that ends the text: RE2 knows it at the very end only.
        Match other = once(*cut_, text_.substr(0, text_.size() - 1), from, only_whether);
        if (better(other, match)) match = std::move(other);
      }
      if (match.empty()) return match;
      const bool empty = match[0].size == 0;
      from = match[0].from + match[0].size;
      if (empty) from = next_character(text_, from);
      if (!empty || only_whether || !flags_.skip_empty) return match;
      if (from >= text_.size()) return {};
    }
  }

  static bool better(const Match& a, const Match& b) {
    if (a.empty() || b.empty()) return !a.empty();
    return a[0].from != b[0].from ? a[0].from < b[0].from : a[0].size > b[0].size;
  }

  Match once(const Regex& regex, std::string_view text, std::size_t from, bool only_whether) {
    const auto program = static_cast<std::size_t>(std::max(regex.re->ProgramSize(), 1));
    if (text.size() - from > kSlowestSearch / program) {
      call_.meter.use_up(Spent::time);
      return {};
    }
    if (!call_.meter.spend(16)) return {};
    const auto start = std::chrono::steady_clock::now();
    std::vector<re2::StringPiece> parts(only_whether ? 0 : regex.groups.size() + 1);
    const bool found =
        regex.re->Match(re2::StringPiece(text.data(), text.size()), from, text.size(),
                        RE2::UNANCHORED, parts.data(), static_cast<int>(parts.size()));
    took_since(start);
    if (!found) return {};
    if (only_whether) return {Span{}};
    Match match;
    for (const re2::StringPiece& part : parts) {
      const bool taken = part.data() != nullptr || match.empty();
      const auto at = part.data() == nullptr ? 0 : part.data() - text.data();
      match.push_back({static_cast<std::size_t>(at), part.size(), taken});
    }
    return match;
  }

  std::size_t place(std::size_t from, std::size_t to) const {
    return ascii_ ? to - from : characters(text_.substr(from, to - from));
  }
  static Val number(std::size_t n) { return Val::integer(static_cast<std::int64_t>(n)); }

  // Matches come in order, so that each counts on from the last.
  Val described_match(const Match& match) {
    Meter& meter = call_.meter;
    const Span& whole = match[0];
    offset_ += place(counted_to_, whole.from);
    counted_to_ = whole.from;
    Val result = Val::object(meter, 4);
    result.put(meter, Val::borrowed("offset"), number(offset_));
    result.put(meter, Val::borrowed("length"), number(place(whole.from, whole.from + whole.size)));
    result.put(meter, Val::borrowed("string"),
               Val::text(meter, text_.substr(whole.from, whole.size)));
    Val captures = Val::array(meter, match.size() - 1);
    // As jq: an empty match has none.
    for (std::size_t i = 1; i < match.size() && whole.size > 0; ++i) {
      if (!meter.spend_bytes(ascii_ ? 1 : whole.size)) break;
      captures.push(meter, described_group(whole, match[i], whole_->groups[i - 1]));
    }
    result.put(meter, Val::borrowed("captures"), std::move(captures));
    return result;
  }

  // The order of the members is jq's.
  Val described_group(const Span& whole, const Span& part, const Regex::Group& group) {
    Meter& meter = call_.meter;
    const Val length = number(part.taken ? place(part.from, part.from + part.size) : 0);
    Val result = Val::object(meter, 4);
    result.put(meter, Val::borrowed("offset"),
               part.taken ? number(offset_ + place(whole.from, part.from)) : Val::integer(-1));
    if (part.size > 0) result.put(meter, Val::borrowed("length"), length);
    result.put(meter, Val::borrowed("string"),
               part.taken ? Val::text(meter, text_.substr(part.from, part.size)) : Val());
    if (part.size == 0) result.put(meter, Val::borrowed("length"), length);
    result.put(meter, Val::borrowed("name"), group.named ? Val::text(meter, group.name) : Val());
    return result;
  }

  Call& call_;
  std::string_view text_;
  RegexFlags flags_;
  bool ascii_ = true;
  std::shared_ptr<const Regex> whole_;
  std::shared_ptr<const Regex> cut_;  // for the text without the line break that ends it
  std::size_t counted_to_ = 0;        // bytes, and
  std::size_t offset_ = 0;            // characters up to there
};

// _match(pattern; flags; only whether it matches)
Val match(Call& call, Val input, Val* args) {
  if (!input.is_string()) {
    return call.fail(described(input) + " cannot be matched, as it is not a string");
  }
  if (!args[0].is_string()) return call.fail(described(args[0]) + " is not a string");
  RegexFlags flags;
  if (args[1].is_string()) {
    if (!call.meter.spend_bytes(args[1].as_text().size())) return {};
    if (!read_flags(args[1].as_text(), flags)) {
      return call.fail(std::string(args[1].as_text()) + " is not a valid modifier string");
    }
  } else if (!args[1].is_null()) {
    return call.fail(described(args[1]) + " is not a string");
  }
  const std::string_view pattern = args[0].as_text();
  if (pattern.size() > limits::kPatternBytes) {
    return call.fail("the regular expression is too long: " + std::to_string(pattern.size()) +
                     " bytes, at most " + std::to_string(limits::kPatternBytes));
  }
  const std::string_view text = input.as_text();
  if (!call.meter.spend_bytes(text.size() * 4)) return {};
  Search search(call, text, pattern, flags);
  if (call.failed) return {};
  return args[2].kind() == Kind::boolean_true ? Val(search.test()) : search.matches();
}

// The input with matches (as _match gives them, in order) replaced by the texts beside them.
Val replace(Call& call, Val input, Val* args) {
  const std::size_t count = std::min(args[0].size(), args[1].size());
  if (count == 0) return input;  // of any type: nothing was looked for in it
  const std::string_view text = input.as_text();
  std::string out;
  std::size_t byte = 0;
  std::size_t point = 0;
  // Goes on to a place that is counted in code points.
  const auto go_to = [&](const Val& place) {
    const auto wanted = static_cast<std::size_t>(std::max(0.0, place.as_double()));
    const std::size_t from = byte;
    for (; point < wanted && byte < text.size(); ++point) {
      do ++byte;
      while (byte < text.size() && (text[byte] & 0xc0) == 0x80);
    }
    return text.substr(from, byte - from);
  };
  for (std::size_t i = 0; i < count; ++i) {
    const Val match = args[0].at(i);
    const Val with = args[1].at(i);
    if (!with.is_string()) {
      return call.fail(described(input) + " and " + described(with) + " cannot be added");
    }
    const Val start = match.get("offset");
    out += go_to(start);
    out += with.as_text();
    go_to(Val::number(start.as_double() + match.get("length").as_double()));
    if (!call.meter.spend_bytes(with.as_text().size()) || !call.meter.fits(out.size())) return {};
  }
  out += text.substr(byte);
  if (!call.meter.spend_bytes(text.size())) return {};
  return Val::text(call.meter, out);
}

constexpr Builtin kRegex[] = {{"_match", 3, match}, {"_replace", 2, replace}};

}  // namespace

std::span<const Builtin> regex_builtins() { return kRegex; }

}  // namespace pilot::jq
