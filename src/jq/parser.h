// Text -> tree, by recursive descent over the grammar of jq 1.6 (and a little more of 1.7: `if`
// without `else`, operators in object values). Nesting is bounded, long chains are loops.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jq/ast.h"
#include "jq/lexer.h"

namespace pilot::jq {

// Errors: invalid_argument/invalid_program with the place.
Result<std::unique_ptr<Ast>> parse_program(std::string_view text);
// Definitions only ("def a: 1; def b: 2;"), in order: the prelude.
Result<std::unique_ptr<Ast>> parse_definitions(std::string_view text);

// "line 1, column 7", columns in characters.
std::string place_in(std::string_view text, std::uint32_t offset);
Error program_error(std::string_view text, std::uint32_t offset, const std::string& message);

class Parser {
 public:
  explicit Parser(std::string_view text);
  Result<std::unique_ptr<Ast>> program();
  Result<std::unique_ptr<Ast>> definitions();

 private:
  using ExprRef = const Expr*;

  // tokens
  void advance();
  bool is_symbol(std::string_view symbol) const;
  bool is_word(std::string_view word) const;
  bool take_symbol(std::string_view symbol);
  bool take_word(std::string_view word);
  void expect_symbol(std::string_view symbol, std::string_view where);
  void expect_word(std::string_view word, std::string_view where);
  void fail(std::uint32_t at, const std::string& message);  // the first one counts
  std::string found() const;
  void check_chain(std::size_t length);

  // nodes
  Expr& make(Form form, std::uint32_t at, std::initializer_list<ExprRef> kids = {});
  ExprRef constant(std::uint32_t at, Json value);

  // parser.cc: from the loosest operator to the tightest
  ExprRef pipe();
  ExprRef comma();
  ExprRef alternative();
  ExprRef assignment();
  ExprRef disjunction();
  ExprRef conjunction();
  ExprRef comparison();
  ExprRef sum();
  ExprRef product();
  ExprRef operand();
  FunctionDef& definition();
  ExprRef define_then_rest();
  ExprRef label();

  // parser_terms.cc
  ExprRef postfix();
  ExprRef suffixes(ExprRef target);
  ExprRef bracket(ExprRef target, std::uint32_t at);
  ExprRef primary();
  ExprRef name_or_call();
  ExprRef conditional();
  ExprRef fold(Form form);
  ExprRef attempt();
  ExprRef number();
  ExprRef array();
  ExprRef object();
  void object_pair(Expr& object);
  ExprRef object_value();
  ExprRef text(std::string_view format);
  std::optional<std::string> text_run(bool& more);
  bool escape(std::string& out);
  std::optional<std::uint32_t> hex4();
  std::vector<const Pattern*> patterns();
  const Pattern* pattern();
  void object_pattern_entry(Pattern& pattern);

  std::string_view text_;
  Lexeme now_;
  std::uint32_t end_of_last_ = 0;
  std::unique_ptr<Ast> ast_;
  std::optional<Error> error_;
  int depth_ = 0;
};

}  // namespace pilot::jq
