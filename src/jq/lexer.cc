#include "jq/lexer.h"

#include <algorithm>
#include <array>

namespace pilot::jq {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool in_name(char c) { return begins_name(c) || is_digit(c); }

// End of the name that begins at `from`; "module::name" is one, too (and refused later).
std::size_t name_end(std::string_view text, std::size_t from) {
  std::size_t end = from;
  while (end < text.size() && in_name(text[end])) ++end;
  if (text.substr(end, 2) == "::" && end + 2 < text.size() && begins_name(text[end + 2])) {
    return name_end(text, end + 2);
  }
  return end;
}

std::size_t digits_end(std::string_view text, std::size_t from) {
  while (from < text.size() && is_digit(text[from])) ++from;
  return from;
}

std::size_t number_end(std::string_view text, std::size_t from) {
  std::size_t end = digits_end(text, from);
  if (end < text.size() && text[end] == '.') end = digits_end(text, end + 1);
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    std::size_t exponent = end + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    const std::size_t after = digits_end(text, exponent);
    if (after > exponent) end = after;
  }
  return end;
}

std::size_t skip_blanks(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    const char c = text[from];
    if (c == '#') {
      from = std::min(text.find('\n', from), text.size());
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++from;
    } else {
      break;
    }
  }
  return from;
}

// The longest first.
constexpr std::array<std::string_view, 12> kLongSymbols = {
    "//=", "//", "==", "!=", "<=", ">=", "|=", "+=", "-=", "*=", "/=", "%="};
constexpr std::string_view kSymbols = "|,=<>+-*/%.?:;()[]{}$";

}  // namespace

Lexeme next_lexeme(std::string_view program, std::uint32_t offset) {
  const std::size_t at = skip_blanks(program, offset);
  const auto make = [&](Token token, std::size_t from, std::size_t end) {
    return Lexeme{token, program.substr(from, end - from), static_cast<std::uint32_t>(at),
                  static_cast<std::uint32_t>(end)};
  };
  if (at >= program.size()) return make(Token::end, at, at);
  const char c = program[at];
  const char next = at + 1 < program.size() ? program[at + 1] : '\0';
  if (begins_name(c)) return make(Token::name, at, name_end(program, at));
  if (is_digit(c) || (c == '.' && is_digit(next))) {
    return make(Token::number, at, number_end(program, at));
  }
  if (c == '.' && begins_name(next)) {
    std::size_t end = at + 1;
    while (end < program.size() && in_name(program[end])) ++end;
    return make(Token::field, at + 1, end);
  }
  if (c == '.' && next == '.') return make(Token::symbol, at, at + 2);
  if (c == '$' && begins_name(next)) {
    return make(Token::variable, at + 1, name_end(program, at + 1));
  }
  if (c == '@' && begins_name(next)) return make(Token::format, at, name_end(program, at + 1));
  if (c == '"') return make(Token::quote, at, at + 1);
  for (std::string_view symbol : kLongSymbols) {
    if (program.substr(at, symbol.size()) == symbol) {
      return make(Token::symbol, at, at + symbol.size());
    }
  }
  if (kSymbols.find(c) != std::string_view::npos) return make(Token::symbol, at, at + 1);
  std::size_t end = at + 1;  // a whole character
  while (end < program.size() && (program[end] & 0xc0) == 0x80) ++end;
  return make(Token::wrong, at, end);
}

bool is_keyword(std::string_view name) {
  constexpr std::array<std::string_view, 18> kWords = {
      "def", "if", "then",  "elif",  "else",   "end",     "as",  "reduce",  "foreach",
      "try", "or", "catch", "label", "import", "include", "and", "__loc__", "break"};
  return std::find(kWords.begin(), kWords.end(), name) != kWords.end();
}

}  // namespace pilot::jq
