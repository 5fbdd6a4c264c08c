#include "providers/openapi/words.h"

#include <algorithm>

#include "base/json.h"

namespace pilot::providers::openapi {
namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr std::size_t kShortest = 12;  // a name is not cut to less to end with a whole word

void cut(std::string& name, std::size_t most) {
  if (name.size() > most) {
    name.resize(most);
    const std::size_t word = name.rfind('_');
    if (word != std::string::npos && word >= kShortest) name.resize(word);
  }
  while (name.ends_with('_')) name.pop_back();
}

// The length of the UTF-8 character that begins here; the text is UTF-8.
std::size_t character_size(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

// C1 controls, zero-width and direction marks, line separators, the byte order mark.
bool is_invisible(std::string_view character) {
  if (character.size() == 2) return character[0] == '\xc2' && character[1] < '\xa0';
  if (character.size() != 3) return false;
  if (character.starts_with("\xe2\x80")) {
    const auto last = static_cast<unsigned char>(character[2]);
    return (last >= 0x8b && last <= 0x8f) || (last >= 0xa8 && last <= 0xae);
  }
  if (character.starts_with("\xe2\x81")) return static_cast<unsigned char>(character[2]) >= 0xa0;
  return character == "\xef\xbb\xbf";
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

std::string snake_case(std::string_view text, std::size_t most) {
  std::string out;
  for (std::size_t i = 0; i < text.size() && out.size() < 4 * most; ++i) {
    const char c = text[i];
    if (!is_upper(c) && !is_lower(c) && !is_digit(c)) {
      if (!out.empty() && out.back() != '_' && c != '\'') out += '_';
      continue;
    }
    const char before = i == 0 ? '\0' : text[i - 1];
    const bool next_lower = i + 1 < text.size() && is_lower(text[i + 1]);
    const bool begins =
        is_upper(c) && (is_lower(before) || is_digit(before) || (is_upper(before) && next_lower));
    if (begins && !out.empty() && out.back() != '_') out += '_';
    out += lower(c);
  }
  cut(out, most);
  return out;
}

std::string identifier(std::string_view text, std::size_t most) {
  std::string out;
  for (const char c : text) {
    if (out.size() >= most) break;
    if (is_upper(c) || is_lower(c) || is_digit(c) || c == '_') {
      out += c;
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  // What stood in brackets leaves a _ behind, one that was there stays.
  while (out.ends_with('_') && !text.ends_with('_')) out.pop_back();
  if (!out.empty() && is_digit(out.front())) out.insert(out.begin(), '_');
  return out.find_first_not_of('_') == std::string::npos ? std::string() : out;
}

std::string plain_text(std::string_view text, std::size_t most) {
  std::string out;
  std::size_t characters = 0;
  bool blank = false;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = std::min(character_size(text[i]), text.size() - i);
    const std::string_view character = text.substr(i, size);
    i += size;
    const auto byte = static_cast<unsigned char>(character[0]);
    if (byte <= 0x20 || byte == 0x7f) {
      blank = !out.empty();
      continue;
    }
    if (is_invisible(character)) continue;
    if (characters + (blank ? 1 : 0) >= most) {
      out += "\xe2\x80\xa6";  // ...
      return out;
    }
    if (blank) {
      out += ' ';
      ++characters;
      blank = false;
    }
    out += character;
    ++characters;
  }
  return out;
}

bool glob_fits(std::string_view glob, std::string_view text) {
  std::size_t g = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t from = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      from = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

std::string NameSet::unique(const std::string& name, std::size_t most) {
  if (name.size() <= most && take(name)) return name;
  for (std::size_t n = 2;; ++n) {
    const std::string suffix = "_" + std::to_string(n);
    std::string next = name.substr(0, most - suffix.size());
    while (next.ends_with('_')) next.pop_back();
    next += suffix;
    if (take(next)) return next;
  }
}

}  // namespace pilot::providers::openapi
