// Texts of a manifest with {param} and {{field}} in them. Values are put in once, escaped for the
// place where they land, and never looked at again. Pure; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pilot::providers::manifest {

class Text {
 public:
  struct Piece {
    enum class Kind { literal, param, field } kind = Kind::literal;
    std::string text;  // the literal, or the name
  };

  // `{` that does not begin a name (as in JSON) stands for itself. Code invalid_template.
  static Result<Text> parse(std::string_view text);

  const std::vector<Piece>& pieces() const { return pieces_; }
  bool plain() const;  // nothing to put in
  std::vector<std::string> names(Piece::Kind kind) const;

  // The value of a name, ready for its place; an Error ends it.
  using Lookup = std::function<Result<std::string>(const Piece&)>;
  Result<std::string> render(const Lookup& lookup) const;

 private:
  std::vector<Piece> pieces_;
};

}  // namespace pilot::providers::manifest
