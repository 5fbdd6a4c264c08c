// Terms: what stands between operators, with the suffixes behind it.
#include <charconv>

#include "jq/parser.h"

namespace pilot::jq {

// Depth: `a | b` inside of brackets passes through operand(), where it is counted.
Parser::ExprRef Parser::postfix() { return suffixes(primary()); }

Parser::ExprRef Parser::suffixes(ExprRef target) {
  for (std::size_t chain = 0;; ++chain) {
    check_chain(chain);
    const std::uint32_t at = now_.at;
    if (now_.token == Token::field) {
      ExprRef key = constant(at, Json(boost::json::string(now_.text)));
      advance();
      target = &make(Form::index, at, {target, key});
    } else if (is_symbol(".")) {
      advance();
      if (now_.token == Token::quote) {
        target = &make(Form::index, at, {target, text("@text")});
      } else if (is_symbol("[")) {
        continue;  // .a.[0] is .a[0]
      } else {
        fail(now_.at, "expected a key after \".\", found " + found());
        return target;
      }
    } else if (is_symbol("[")) {
      advance();
      target = bracket(target, at);
    } else if (is_symbol("?")) {
      advance();
      target = &make(Form::optional, at, {target});
    } else {
      return target;
    }
    if (error_) return target;
  }
}

// [], [key], [from:to], [from:], [:to]
Parser::ExprRef Parser::bracket(ExprRef target, std::uint32_t at) {
  if (take_symbol("]")) return &make(Form::iterate, at, {target});
  ExprRef from = nullptr;
  if (!is_symbol(":")) from = pipe();
  if (take_symbol(":")) {
    ExprRef to = nullptr;
    if (!is_symbol("]")) to = pipe();
    if (from == nullptr && to == nullptr) fail(at, "a slice needs a start or an end");
    expect_symbol("]", "after a slice");
    return &make(Form::slice, at, {target, from, to});
  }
  expect_symbol("]", "after an index");
  return &make(Form::index, at, {target, from});
}

Parser::ExprRef Parser::primary() {
  const std::uint32_t at = now_.at;
  switch (now_.token) {
    case Token::number:
      return number();
    case Token::quote:
      return text("@text");
    case Token::field:
      return &make(Form::identity, at);  // its suffix is the field
    case Token::format: {
      const std::string name(now_.text);
      advance();
      if (now_.token == Token::quote) return text(name);
      Expr& format = make(Form::format, at);
      format.text = name;
      return &format;
    }
    case Token::variable: {
      Expr& variable = make(Form::variable, at);
      variable.text = now_.text;
      advance();
      return &variable;
    }
    case Token::name:
      return name_or_call();
    default:
      break;
  }
  if (take_symbol("..")) return &make(Form::recurse, at);
  if (take_symbol(".")) {
    ExprRef here = &make(Form::identity, at);
    if (now_.token == Token::quote) return &make(Form::index, at, {here, text("@text")});
    return here;
  }
  if (take_symbol("(")) {
    ExprRef inner = pipe();
    expect_symbol(")", "to close the parenthesis");
    // (.a.b)? covers all of it, .a.b? the last step only: so the parentheses stay in the tree.
    const bool step =
        inner->form == Form::index || inner->form == Form::slice || inner->form == Form::iterate;
    return step ? &make(Form::pipe, at, {inner}) : inner;
  }
  if (is_symbol("[")) return array();
  if (is_symbol("{")) return object();
  fail(at, "expected an expression, found " + found());
  return &make(Form::identity, at);
}

Parser::ExprRef Parser::name_or_call() {
  const std::uint32_t at = now_.at;
  if (is_word("if")) return conditional();
  if (is_word("try")) return attempt();
  if (is_word("reduce")) return fold(Form::reduce);
  if (is_word("foreach")) return fold(Form::foreach);
  if (take_word("break")) {
    Expr& leave = make(Form::leave, at);
    if (now_.token != Token::variable) fail(now_.at, "expected a name like $out after \"break\"");
    leave.text = now_.text;
    advance();
    return &leave;
  }
  if (is_word("import") || is_word("include")) {
    fail(at, "modules do not exist here: a program sees its input and its variables only");
  } else if (is_keyword(now_.text)) {
    fail(at, "expected an expression, found " + found());
  } else if (now_.text.find("::") != std::string_view::npos) {
    fail(at, "modules do not exist here: " + found());
  }
  for (const auto& [word, value] :
       {std::pair{"null", Json(nullptr)}, {"true", Json(true)}, {"false", Json(false)}}) {
    if (take_word(word)) return constant(at, value);
  }
  Expr& call = make(Form::call, at);
  call.text = now_.text;
  advance();
  if (take_symbol("(")) {
    do call.kids.push_back(pipe());
    while (take_symbol(";"));
    expect_symbol(")", "after the arguments of " + call.text);
  }
  return &call;
}

// if a then b elif c then d else e end
Parser::ExprRef Parser::conditional() {
  Expr& first = make(Form::conditional, now_.at);
  advance();
  for (Expr* current = &first;;) {
    current->kids.push_back(pipe());
    expect_word("then", "after the condition of \"if\"");
    current->kids.push_back(pipe());
    const std::uint32_t at = now_.at;
    if (take_word("elif")) {
      Expr& next = make(Form::conditional, at);
      current->kids.push_back(&next);
      current = &next;
      continue;
    }
    current->kids.push_back(take_word("else") ? pipe() : nullptr);
    expect_word("end", "at the end of \"if\"");
    return &first;
  }
}

// reduce TERM as PATTERN (init; update), foreach TERM as PATTERN (init; update; extract)
Parser::ExprRef Parser::fold(Form form) {
  const std::string word = form == Form::reduce ? "reduce" : "foreach";
  Expr& made = make(form, now_.at);
  advance();
  if (depth_ >= 256) fail(made.at, word + " is nested too deep");
  ++depth_;
  made.kids.push_back(error_ ? nullptr : postfix());
  --depth_;
  expect_word("as", "after the source of " + word);
  made.patterns = patterns();
  expect_symbol("(", "after the pattern of " + word);
  made.kids.push_back(pipe());
  expect_symbol(";", "after the first value of " + word);
  made.kids.push_back(pipe());
  if (form == Form::foreach) made.kids.push_back(take_symbol(";") ? pipe() : nullptr);
  expect_symbol(")", "at the end of " + word);
  return &made;
}

// Binds tighter than any operator: try a // b is (try a) // b.
Parser::ExprRef Parser::attempt() {
  Expr& made = make(Form::attempt, now_.at);
  advance();
  const auto part = [&]() -> ExprRef {
    // `try -1` and chains of `try try` go through operand(), where nesting is counted.
    return is_symbol("-") || is_word("try") ? operand() : postfix();
  };
  made.kids.push_back(part());
  made.kids.push_back(take_word("catch") ? part() : nullptr);
  return &made;
}

Parser::ExprRef Parser::number() {
  const std::uint32_t at = now_.at;
  const std::string_view digits = now_.text;
  const char* end = digits.data() + digits.size();
  Json value;
  std::uint64_t whole = 0;
  const auto read = std::from_chars(digits.data(), end, whole);
  if (read.ec == std::errc() && read.ptr == end) {
    value = whole <= INT64_MAX ? Json(static_cast<std::int64_t>(whole)) : Json(whole);
  } else {
    double real = 0;
    const std::string text =
        digits.front() == '.' ? "0" + std::string(digits) : std::string(digits);
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), real);
    if (parsed.ec == std::errc::result_out_of_range) {
      // Too large is the largest, too small is 0, as in jq.
      const bool small = text.find("e-") != text.npos || text.find("E-") != text.npos;
      real = small ? 0.0 : 1.7976931348623157e308;
    }
    value = real;
  }
  advance();
  return constant(at, std::move(value));
}

Parser::ExprRef Parser::array() {
  Expr& made = make(Form::array, now_.at);
  advance();
  if (take_symbol("]")) return &made;
  made.kids.push_back(pipe());
  expect_symbol("]", "to close the array");
  return &made;
}

Parser::ExprRef Parser::object() {
  Expr& made = make(Form::object, now_.at);
  advance();
  if (take_symbol("}")) return &made;
  do {
    if (is_symbol("}") && !made.kids.empty()) break;  // a comma at the end
    object_pair(made);
  } while (take_symbol(","));
  expect_symbol("}", "to close the object");
  return &made;
}

// key: value, "key": value, (key): value, $name, name, "key", @format "key"
void Parser::object_pair(Expr& object) {
  const std::uint32_t at = now_.at;
  ExprRef key = nullptr;
  ExprRef otherwise = nullptr;  // the value, if none is given
  if (now_.token == Token::variable) {
    key = constant(at, Json(boost::json::string(now_.text)));
    Expr& variable = make(Form::variable, at);
    variable.text = now_.text;
    otherwise = &variable;
    advance();
  } else if (now_.token == Token::name) {
    key = constant(at, Json(boost::json::string(now_.text)));
    otherwise = &make(Form::index, at, {&make(Form::identity, at), key});
    advance();
  } else if (now_.token == Token::number) {
    fail(at, "a key is a string; write \"" + std::string(now_.text) + "\" with quotes");
  } else if (now_.token == Token::quote || now_.token == Token::format) {
    std::string format = "@text";
    if (now_.token == Token::format) {
      format = now_.text;
      advance();
    }
    if (now_.token != Token::quote) fail(now_.at, "expected a string after " + format);
    if (error_) return;
    key = text(format);
    otherwise = &make(Form::index, at, {&make(Form::identity, at), key});
  } else if (take_symbol("(")) {
    key = pipe();
    expect_symbol(")", "after the key of an object");
  } else {
    fail(at, "expected a key of the object, found " + found());
  }
  if (error_) return;
  ExprRef value = otherwise;
  if (otherwise == nullptr || is_symbol(":")) {
    expect_symbol(":", "after the key of an object");
    value = object_value();
  }
  object.kids.push_back(key);
  object.kids.push_back(value);
}

// All but a comma.
Parser::ExprRef Parser::object_value() {
  const std::uint32_t at = now_.at;
  ExprRef first = alternative();
  if (!is_symbol("|")) return first;
  Expr& all = make(Form::pipe, at, {first});
  while (take_symbol("|")) all.kids.push_back(alternative());
  return &all;
}

std::vector<const Pattern*> Parser::patterns() {
  std::vector<const Pattern*> all{pattern()};
  while (!error_ && is_symbol("?")) {
    const std::uint32_t after = now_.end;
    advance();
    if (!is_symbol("//") || now_.at != after) fail(now_.at, "expected \"?//\" or \"|\"");
    advance();
    all.push_back(pattern());
  }
  return all;
}

const Pattern* Parser::pattern() {
  Pattern& made = ast_->patterns.emplace_back();
  made.at = now_.at;
  if (depth_ > 200) fail(now_.at, "the pattern is nested too deep");
  if (error_) return &made;
  ++depth_;
  if (now_.token == Token::variable) {
    made.variable = now_.text;
    advance();
  } else if (take_symbol("[")) {
    made.kind = Pattern::Kind::array;
    do made.entries.push_back({nullptr, {}, pattern()});
    while (take_symbol(","));
    expect_symbol("]", "to close the pattern");
  } else if (take_symbol("{")) {
    made.kind = Pattern::Kind::object;
    do object_pattern_entry(made);
    while (take_symbol(","));
    expect_symbol("}", "to close the pattern");
  } else {
    fail(now_.at, "expected a pattern like $name, [$a, $b] or {key: $value}, found " + found());
  }
  --depth_;
  return &made;
}

// $name, $name: pattern, key: pattern, "key": pattern, (expression): pattern
void Parser::object_pattern_entry(Pattern& pattern_of) {
  Pattern::Entry entry;
  const std::uint32_t at = now_.at;
  if (now_.token == Token::variable) {
    entry.variable = now_.text;
    entry.key = constant(at, Json(boost::json::string(now_.text)));
    advance();
    if (take_symbol(":")) entry.pattern = pattern();
    pattern_of.entries.push_back(entry);
    return;
  }
  if (now_.token == Token::name) {
    entry.key = constant(at, Json(boost::json::string(now_.text)));
    advance();
  } else if (now_.token == Token::quote) {
    entry.key = text("@text");
  } else if (take_symbol("(")) {
    entry.key = pipe();
    expect_symbol(")", "after the key of a pattern");
  } else {
    fail(at, "expected a key of the pattern, found " + found());
    return;
  }
  expect_symbol(":", "after the key of a pattern");
  entry.pattern = pattern();
  pattern_of.entries.push_back(entry);
}

}  // namespace pilot::jq
