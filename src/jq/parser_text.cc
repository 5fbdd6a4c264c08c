// Strings: their characters, and the expressions that are put into them.
#include <charconv>

#include "jq/parser.h"

namespace pilot::jq {

// The parser stands at the opening quote.
Parser::ExprRef Parser::text(std::string_view format) {
  Expr& made = make(Form::string, now_.at);
  made.text = format;
  const std::uint32_t at = now_.at;
  for (;;) {
    bool more = false;
    std::optional<std::string> run = text_run(more);
    if (!run) {
      fail(at, "the string that begins here does not end");
      return &made;
    }
    if (!run->empty()) made.kids.push_back(constant(at, Json(boost::json::string(*run))));
    if (error_) return &made;
    if (!more) break;
    advance();
    made.kids.push_back(pipe());
    // Not expect_symbol: what follows the parenthesis is text again, not tokens.
    if (!is_symbol(")")) {
      fail(now_.at, "expected \")\" to close what is put into the string, found " + found());
      return &made;
    }
  }
  advance();
  const bool plain =
      made.kids.empty() ||
      (made.kids.size() == 1 && made.kids[0]->form == Form::constant && made.kids[0]->at == at);
  if (!plain) return &made;
  return constant(at, made.kids.empty() ? Json("") : made.kids[0]->value);
}

// Characters from now_.end on, to the closing quote or to \( (`more`). None: the text ended.
std::optional<std::string> Parser::text_run(bool& more) {
  std::string out;
  while (now_.end < text_.size()) {
    const char c = text_[now_.end++];
    if (c == '"') return out;
    if (c != '\\') {
      out += c;
      continue;
    }
    if (now_.end < text_.size() && text_[now_.end] == '(') {
      ++now_.end;
      more = true;
      return out;
    }
    if (!escape(out)) return out;  // it has failed
  }
  return std::nullopt;
}

bool Parser::escape(std::string& out) {
  const std::uint32_t at = now_.end - 1;
  const char c = now_.end < text_.size() ? text_[now_.end++] : '\0';
  switch (c) {
    case 'n':
      out += '\n';
      return true;
    case 't':
      out += '\t';
      return true;
    case 'r':
      out += '\r';
      return true;
    case 'b':
      out += '\b';
      return true;
    case 'f':
      out += '\f';
      return true;
    case '"':
    case '\\':
    case '/':
      out += c;
      return true;
    case 'u':
      break;
    default:
      fail(at, "\"\\\" in a string must be followed by one of \" \\ / b f n r t u (");
      return false;
  }
  std::optional<std::uint32_t> code = hex4();
  if (code && *code >= 0xd800 && *code < 0xdc00 && text_.substr(now_.end, 2) == "\\u") {
    now_.end += 2;
    const std::optional<std::uint32_t> low = hex4();
    code = low && *low >= 0xdc00 && *low < 0xe000
               ? std::optional(0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00))
               : std::nullopt;
  }
  if (!code || (*code >= 0xd800 && *code < 0xe000)) {
    fail(at, "\\u needs four hexadecimal digits that make a character");
    return false;
  }
  const std::uint32_t u = *code;
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((u >> shift) & 0x3f)); };
  if (u < 0x80) {
    out += static_cast<char>(u);
  } else if (u < 0x800) {
    out += static_cast<char>(0xc0 | (u >> 6));
    tail(0);
  } else if (u < 0x10000) {
    out += static_cast<char>(0xe0 | (u >> 12));
    tail(6), tail(0);
  } else {
    out += static_cast<char>(0xf0 | (u >> 18));
    tail(12), tail(6), tail(0);
  }
  return true;
}

std::optional<std::uint32_t> Parser::hex4() {
  const std::string_view digits = text_.substr(now_.end, 4);
  std::uint32_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.size() != 4 || read.ptr != digits.data() + 4) return std::nullopt;
  now_.end += 4;
  return value;
}

}  // namespace pilot::jq
