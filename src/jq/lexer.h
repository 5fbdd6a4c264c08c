// Text -> tokens, one at a time. The parser reads the inside of strings itself (they hold
// expressions).
#pragma once

#include <cstdint>
#include <string_view>

namespace pilot::jq {

enum class Token : std::uint8_t {
  end,
  name,      // text
  field,     // text: without the dot
  variable,  // text: without the $
  format,    // text: with the @
  number,    // text
  quote,     // the lexer stands behind it
  symbol,    // text: an operator or a bracket
  wrong,     // text: what no token begins with
};

struct Lexeme {
  Token token = Token::end;
  std::string_view text;
  std::uint32_t at = 0;
  std::uint32_t end = 0;  // where the next one begins, or blanks before it
};

// The token at or after `offset`, behind blanks and comments.
Lexeme next_lexeme(std::string_view program, std::uint32_t offset);

bool is_keyword(std::string_view name);

}  // namespace pilot::jq
