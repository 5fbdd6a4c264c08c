#include "providers/manifest/text.h"

#include <algorithm>

namespace pilot::providers::manifest {
namespace {

bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool in_name(char c) { return starts_name(c) || (c >= '0' && c <= '9'); }

// The length of the name at `at`; 0 when there is none.
std::size_t name_length(std::string_view text, std::size_t at) {
  if (at >= text.size() || !starts_name(text[at])) return 0;
  std::size_t end = at;
  while (end < text.size() && in_name(text[end])) ++end;
  return end - at;
}

}  // namespace

Result<Text> Text::parse(std::string_view text) {
  Text out;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) out.pieces_.push_back({Piece::Kind::literal, std::move(literal)});
    literal.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '{') {
      literal += text[at++];
      continue;
    }
    const bool field = text.substr(at).starts_with("{{");
    const std::size_t begin = at + (field ? 2 : 1);
    const std::size_t length = name_length(text, begin);
    const std::string_view close = field ? "}}" : "}";
    if (length == 0 || !text.substr(begin + length).starts_with(close)) {
      if (field) {
        return invalid("invalid_template",
                       fmt::format("\"{}\": {{{{ without a name and }}}} behind it", text));
      }
      literal += text[at++];
      continue;
    }
    flush();
    out.pieces_.push_back(
        {field ? Piece::Kind::field : Piece::Kind::param, std::string(text.substr(begin, length))});
    at = begin + length + close.size();
  }
  flush();
  return out;
}

bool Text::plain() const {
  return std::ranges::all_of(pieces_,
                             [](const Piece& p) { return p.kind == Piece::Kind::literal; });
}

std::vector<std::string> Text::names(Piece::Kind kind) const {
  std::vector<std::string> out;
  for (const Piece& piece : pieces_) {
    if (piece.kind == kind) out.push_back(piece.text);
  }
  return out;
}

Result<std::string> Text::render(const Lookup& lookup) const {
  std::string out;
  for (const Piece& piece : pieces_) {
    if (piece.kind == Piece::Kind::literal) {
      out += piece.text;
      continue;
    }
    Result<std::string> value = lookup(piece);
    if (!value) return value.error();
    out += *value;
  }
  return out;
}

}  // namespace pilot::providers::manifest
