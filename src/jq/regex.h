// Regular expressions of a run: Oniguruma's Perl syntax as jq has it, as far as RE2 can do it, in
// linear time. Each pattern is compiled once a run. Of one run, one thread.
#pragma once

#include <re2/re2.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pilot::jq {

struct RegexFlags {
  bool global = false;       // g: all matches, not just the first
  bool ignore_case = false;  // i
  bool extended = false;     // x: white space and # comments in the pattern mean nothing
  bool dot_newline = false;  // p: . matches line breaks too
  bool longest = false;      // l: the longest of all matches at a place
  bool skip_empty = false;   // n: empty matches do not count
};

// What a text is written in decides what \w and its like have to know: the small programs for few
// letters say the same of such a text as the large ones for all of Unicode.
enum class Alphabet : std::uint8_t {
  ascii,
  european,  // below U+0530, and U+2000 to U+20BF: Latin, Greek, Cyrillic, punctuation
  all,
};
Alphabet alphabet_of(std::string_view text);

// Which of its variants a pattern is translated to.
struct RegexTarget {
  Alphabet alphabet = Alphabet::ascii;
  // The text was cut before its last line break, where $ matches but \z does not.
  bool cut = false;
};

struct Regex {
  struct Group {
    bool named = false;
    std::string name;
  };

  std::string problem;     // not empty: what is wrong with the pattern, in words
  std::string re2_syntax;  // the pattern as RE2 writes it; groups have no names there
  std::vector<Group> groups;
  bool has_dollar = false;  // $ or \Z: may match before a line break that ends the text
  std::unique_ptr<RE2> re;  // null where there is a problem
};

// The translation only, `re` is not made.
Regex translate(std::string_view pattern, const RegexFlags& flags, const RegexTarget& target);

class RegexCache {
 public:
  // Never null.
  std::shared_ptr<const Regex> find(std::string_view pattern, const RegexFlags& flags,
                                    const RegexTarget& target);

 private:
  static constexpr std::size_t kMost = 100;

  std::map<std::pair<std::string, unsigned>, std::shared_ptr<const Regex>> patterns_;
};

}  // namespace pilot::jq
