// Tokens, operators and definitions.
#include "jq/parser.h"

#include <algorithm>
#include <array>

namespace pilot::jq {

namespace {

constexpr std::size_t kChain = 1'000;  // operators or suffixes
constexpr int kNesting = 256;          // of expressions; about a kilobyte of stack each

struct OpName {
  std::string_view symbol;
  Op op;
};

}  // namespace

std::string place_in(std::string_view text, std::uint32_t offset) {
  const std::string_view before = text.substr(0, std::min<std::size_t>(offset, text.size()));
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto column = std::count_if(before.begin() + static_cast<std::ptrdiff_t>(line_start),
                                    before.end(), [](char c) { return (c & 0xc0) != 0x80; }) +
                      1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

Error program_error(std::string_view text, std::uint32_t offset, const std::string& message) {
  std::string place = place_in(text, offset);
  std::string full = place + ": " + message;
  return invalid("invalid_program", std::move(full), std::move(place));
}

Parser::Parser(std::string_view text) : text_(text), ast_(std::make_unique<Ast>()) { advance(); }

void Parser::advance() {
  end_of_last_ = now_.end;
  now_ = next_lexeme(text_, now_.end);
  if (now_.token == Token::wrong) {
    fail(now_.at, "nothing begins with " + std::string(now_.text));
  }
}

bool Parser::is_symbol(std::string_view symbol) const {
  return now_.token == Token::symbol && now_.text == symbol;
}
bool Parser::is_word(std::string_view word) const {
  return now_.token == Token::name && now_.text == word;
}
bool Parser::take_symbol(std::string_view symbol) {
  if (!is_symbol(symbol)) return false;
  advance();
  return true;
}
bool Parser::take_word(std::string_view word) {
  if (!is_word(word)) return false;
  advance();
  return true;
}
void Parser::expect_symbol(std::string_view symbol, std::string_view where) {
  if (take_symbol(symbol)) return;
  fail(now_.at,
       "expected \"" + std::string(symbol) + "\" " + std::string(where) + ", found " + found());
}
void Parser::expect_word(std::string_view word, std::string_view where) {
  if (take_word(word)) return;
  fail(now_.at,
       "expected \"" + std::string(word) + "\" " + std::string(where) + ", found " + found());
}

void Parser::fail(std::uint32_t at, const std::string& message) {
  if (!error_) error_ = program_error(text_, at, message);
  const auto end = static_cast<std::uint32_t>(text_.size());  // nothing more to read
  now_ = Lexeme{Token::end, {}, end, end};
}

std::string Parser::found() const {
  if (now_.token == Token::end) return "the end of the program";
  const std::string text(text_.substr(now_.at, now_.end - now_.at));
  return now_.token == Token::quote ? "a string" : "\"" + text + "\"";
}

// What is folded to one side becomes a deep tree.
void Parser::check_chain(std::size_t length) {
  if (length > kChain) {
    fail(now_.at, "more than " + std::to_string(kChain) +
                      " in a row; give a part a name with \"def\", or use a list");
  }
}

Expr& Parser::make(Form form, std::uint32_t at, std::initializer_list<ExprRef> kids) {
  Expr& expr = ast_->exprs.emplace_back();
  expr.form = form;
  expr.at = at;
  expr.kids = kids;
  return expr;
}

Parser::ExprRef Parser::constant(std::uint32_t at, Json value) {
  Expr& expr = make(Form::constant, at);
  expr.value = std::move(value);
  return &expr;
}

Result<std::unique_ptr<Ast>> Parser::program() {
  if (now_.token == Token::end && !error_) {
    ast_->root = &make(Form::identity, 0);
  } else {
    ast_->root = pipe();
  }
  if (now_.token != Token::end) fail(now_.at, "expected an operator or the end, found " + found());
  if (error_) return *error_;
  return std::move(ast_);
}

Result<std::unique_ptr<Ast>> Parser::definitions() {
  while (is_word("def")) ast_->definitions.push_back(&definition());
  if (now_.token != Token::end) fail(now_.at, "expected a definition, found " + found());
  if (error_) return *error_;
  return std::move(ast_);
}

Parser::ExprRef Parser::pipe() {
  if (is_word("def")) return define_then_rest();
  const std::uint32_t at = now_.at;
  ExprRef first = comma();
  if (!is_symbol("|")) return first;
  Expr& all = make(Form::pipe, at, {first});
  while (take_symbol("|")) {
    // What a definition covers goes on to the end, so there is nothing behind it for this loop.
    all.kids.push_back(is_word("def") ? define_then_rest() : comma());
  }
  return &all;
}

Parser::ExprRef Parser::comma() {
  const std::uint32_t at = now_.at;
  ExprRef first = alternative();
  if (!is_symbol(",")) return first;
  Expr& all = make(Form::comma, at, {first});
  while (take_symbol(",")) all.kids.push_back(alternative());
  return &all;
}

// Right-associative: a // (b // c). Collected in a loop, then folded from the right.
Parser::ExprRef Parser::alternative() {
  std::vector<ExprRef> parts{assignment()};
  while (is_symbol("//")) {
    check_chain(parts.size());
    advance();
    parts.push_back(assignment());
  }
  ExprRef result = parts.back();
  for (std::size_t i = parts.size() - 1; i-- > 0;) {
    result = &make(Form::alternative, parts[i]->at, {parts[i], result});
  }
  return result;
}

Parser::ExprRef Parser::assignment() {
  ExprRef left = disjunction();
  if (now_.token != Token::symbol) return left;
  constexpr std::array<OpName, 5> kUpdates = {{{"+=", Op::add},
                                               {"-=", Op::subtract},
                                               {"*=", Op::multiply},
                                               {"/=", Op::divide},
                                               {"%=", Op::modulo}}};
  Form form;
  Op op = Op::add;
  if (is_symbol("=")) {
    form = Form::assign;
  } else if (is_symbol("|=")) {
    form = Form::update;
  } else if (is_symbol("//=")) {
    form = Form::alternative_update;
  } else {
    const auto* found = std::find_if(kUpdates.begin(), kUpdates.end(),
                                     [&](const OpName& o) { return o.symbol == now_.text; });
    if (found == kUpdates.end()) return left;
    form = Form::arithmetic_update;
    op = found->op;
  }
  const std::uint32_t at = now_.at;
  const std::string symbol(now_.text);
  advance();
  // What stands right of it may be an alternative: `.a = .b // 1` is `.a = (.b // 1)` to nobody;
  // jq reads `(.a = .b) // 1`, and so do we.
  Expr& made = make(form, at, {left, disjunction()});
  made.op = op;
  if (is_symbol("=") || is_symbol("|=") || is_symbol("//=") || is_symbol("+=") || is_symbol("-=") ||
      is_symbol("*=") || is_symbol("/=") || is_symbol("%=")) {
    fail(now_.at, "\"" + symbol + "\" and \"" + std::string(now_.text) +
                      "\" cannot follow each other; put one of them in parentheses");
  }
  return &made;
}

Parser::ExprRef Parser::disjunction() {
  ExprRef left = conjunction();
  std::size_t chain = 0;
  while (is_word("or")) {
    check_chain(++chain);
    const std::uint32_t at = now_.at;
    advance();
    left = &make(Form::logical_or, at, {left, conjunction()});
  }
  return left;
}

Parser::ExprRef Parser::conjunction() {
  ExprRef left = comparison();
  std::size_t chain = 0;
  while (is_word("and")) {
    check_chain(++chain);
    const std::uint32_t at = now_.at;
    advance();
    left = &make(Form::logical_and, at, {left, comparison()});
  }
  return left;
}

Parser::ExprRef Parser::comparison() {
  constexpr std::array<OpName, 6> kComparisons = {{{"==", Op::eq},
                                                   {"!=", Op::ne},
                                                   {"<", Op::lt},
                                                   {"<=", Op::le},
                                                   {">", Op::gt},
                                                   {">=", Op::ge}}};
  const auto here = [&] {
    return now_.token != Token::symbol
               ? kComparisons.end()
               : std::find_if(kComparisons.begin(), kComparisons.end(),
                              [&](const OpName& o) { return o.symbol == now_.text; });
  };
  ExprRef left = sum();
  const auto* found = here();
  if (found == kComparisons.end()) return left;
  const std::uint32_t at = now_.at;
  advance();
  Expr& made = make(Form::comparison, at, {left, sum()});
  made.op = found->op;
  if (here() != kComparisons.end()) {
    fail(now_.at, "comparisons cannot follow each other; write \"a < b and b < c\"");
  }
  return &made;
}

Parser::ExprRef Parser::sum() {
  ExprRef left = product();
  std::size_t chain = 0;
  while (is_symbol("+") || is_symbol("-")) {
    check_chain(++chain);
    const Op op = is_symbol("+") ? Op::add : Op::subtract;
    const std::uint32_t at = now_.at;
    advance();
    Expr& made = make(Form::arithmetic, at, {left, product()});
    made.op = op;
    left = &made;
  }
  return left;
}

Parser::ExprRef Parser::product() {
  ExprRef left = operand();
  std::size_t chain = 0;
  while (is_symbol("*") || is_symbol("/") || is_symbol("%")) {
    check_chain(++chain);
    const Op op = is_symbol("*") ? Op::multiply : (is_symbol("/") ? Op::divide : Op::modulo);
    const std::uint32_t at = now_.at;
    advance();
    Expr& made = make(Form::arithmetic, at, {left, operand()});
    made.op = op;
    left = &made;
  }
  return left;
}

Parser::ExprRef Parser::operand() {
  const std::uint32_t at = now_.at;
  if (depth_ >= kNesting) {
    fail(at, "nested deeper than " + std::to_string(kNesting) +
                 " levels; give a part a name with \"def\" or bind it with \"as\"");
  }
  if (error_) return &make(Form::identity, at);
  ++depth_;
  ExprRef result;
  if (is_symbol("-")) {
    advance();
    result = &make(Form::negate, at, {operand()});
  } else if (is_word("def")) {
    result = define_then_rest();
  } else if (is_word("label")) {
    result = label();
  } else {
    result = postfix();
    if (take_word("as")) {
      Expr& bind = make(Form::bind, at, {result});
      bind.patterns = patterns();
      expect_symbol("|", "after the pattern of \"as\"");
      bind.kids.push_back(pipe());
      result = &bind;
    }
  }
  --depth_;
  return result;
}

FunctionDef& Parser::definition() {
  advance();  // def
  FunctionDef& function = ast_->functions.emplace_back();
  function.at = now_.at;
  if (now_.token != Token::name || is_keyword(now_.text)) {
    fail(now_.at, "expected a name after \"def\", found " + found());
  }
  function.name = now_.text;
  advance();
  if (take_symbol("(")) {
    do {
      const bool value = now_.token == Token::variable;
      if (!value && (now_.token != Token::name || is_keyword(now_.text))) {
        fail(now_.at, "expected the name of a parameter, found " + found());
      }
      function.parameters.push_back({std::string(now_.text), value});
      advance();
    } while (take_symbol(";"));
    expect_symbol(")", "after the parameters");
  }
  expect_symbol(":", "after the name in a definition");
  if (depth_ >= kNesting) fail(function.at, "definitions are nested too deep");
  ++depth_;
  function.body = error_ ? &make(Form::identity, function.at) : pipe();
  --depth_;
  expect_symbol(";", "at the end of a definition");
  return function;
}

// def a: ...; def b: ...; rest
Parser::ExprRef Parser::define_then_rest() {
  std::vector<FunctionDef*> functions;
  while (is_word("def")) functions.push_back(&definition());
  ExprRef result = pipe();
  for (std::size_t i = functions.size(); i-- > 0;) {
    Expr& define = make(Form::define, functions[i]->at, {result});
    define.function = functions[i];
    result = &define;
  }
  return result;
}

Parser::ExprRef Parser::label() {
  Expr& made = make(Form::label, now_.at);
  advance();
  if (now_.token != Token::variable) fail(now_.at, "expected a name like $out after \"label\"");
  made.text = now_.text;
  advance();
  expect_symbol("|", "after the name of a label");
  made.kids.push_back(pipe());
  return &made;
}

Result<std::unique_ptr<Ast>> parse_program(std::string_view text) { return Parser(text).program(); }
Result<std::unique_ptr<Ast>> parse_definitions(std::string_view text) {
  return Parser(text).definitions();
}

}  // namespace pilot::jq
