// Regular expressions: what is expected is what jq 1.6 answers, but where a comment says otherwise.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "jq/builtins.h"
#include "jq/regex.h"

namespace pilot::jq {

namespace {

// Calls one builtin with values written as JSON: its answer as JSON text, or "error: " and the text
// of it, or "spent: " and what.
std::string call(std::string_view name, const std::string& input,
                 const std::vector<std::string>& args = {}, Budget budget = {}, WallTime now = {}) {
  budget.time = std::chrono::seconds{10};  // long runs under a sanitizer must not end by it
  Meter meter(budget);
  RegexCache regexes;
  std::vector<Json> json;
  for (const std::string& arg : args) json.push_back(parse_json(arg).value());
  const Json whole = parse_json(input).value();
  std::vector<Val> values;
  for (const Json& arg : json) values.push_back(Val::view(arg));
  const Builtin* builtin = find_builtin(name, static_cast<int>(args.size()));
  if (builtin == nullptr) return "no builtin " + std::string(name);
  Call call{.meter = meter, .now = now, .regexes = regexes, .error = {}};
  const Val answer = builtin->function(call, Val::view(whole), values.data());
  if (meter.spent() != Spent::nothing) {
    return "spent: " + std::to_string(static_cast<int>(meter.spent()));
  }
  return call.failed ? "error: " + std::string(call.error.as_text()) : to_text(meter, answer);
}

// All as JSON text.
std::string match(const std::string& text, const std::string& pattern,
                  const std::string& flags = "null", const std::string& test = "false") {
  return call("_match", text, {pattern, flags, test});
}

// Offsets and lengths only: "0+1 4+2".
std::string places(const std::string& text, const std::string& pattern,
                   const std::string& flags = R"("g")") {
  const std::string answer = match(text, pattern, flags);
  const Result<Json> json = parse_json(answer);
  if (!json || !json->is_array()) return answer;
  std::string out;
  for (const Json& m : json->as_array()) {
    if (!out.empty()) out += ' ';
    out += to_json(m.as_object().at("offset")) + "+" + to_json(m.as_object().at("length"));
  }
  return out;
}

struct Row {
  std::string text;
  std::string pattern;
  std::string flags;
  std::string want;
};

}  // namespace

TEST(JqRegex, MatchesHaveMembersInJqsOrder) {
  EXPECT_EQ(match(R"("aab")", R"j("(a)(?<x>b)")j"),
            R"j([{"offset":1,"length":2,"string":"ab","captures":[)j"
            R"j({"offset":1,"length":1,"string":"a","name":null},)j"
            R"j({"offset":2,"length":1,"string":"b","name":"x"}]}])j");
  EXPECT_EQ(match(R"("éaé")", R"j("(?<n>a)()|(b)")j"),
            R"j([{"offset":1,"length":1,"string":"a","captures":[)j"
            R"j({"offset":1,"length":1,"string":"a","name":"n"},)j"
            R"j({"offset":2,"string":"","length":0,"name":null},)j"
            R"j({"offset":-1,"string":null,"length":0,"name":null}]}])j");
}

TEST(JqRegex, GroupNamesMayRepeatAndBeAnyText) {
  EXPECT_EQ(match(R"("xy")", R"j("(?<n>x)(?<n>y)")j"),
            R"j([{"offset":0,"length":2,"string":"xy","captures":[)j"
            R"j({"offset":0,"length":1,"string":"x","name":"n"},)j"
            R"j({"offset":1,"length":1,"string":"y","name":"n"}]}])j");
  EXPECT_EQ(match(R"("a")", R"j("(?'é-1'a)")j"),
            R"j([{"offset":0,"length":1,"string":"a","captures":[)j"
            R"j({"offset":0,"length":1,"string":"a","name":"é-1"}]}])j");
}

TEST(JqRegex, Places) {
  const Row rows[] = {
      {R"("abc")", R"("")", R"("g")", "0+0 1+0 2+0"},
      {R"("")", R"("")", R"("g")", "0+0"},
      {R"("")", R"("a")", R"("g")", ""},
      {R"("abc")", R"("")", "null", "0+0"},
      {R"("aXbX")", R"("X*")", R"("g")", "0+0 1+1 2+0 3+1"},
      {R"("aab")", R"("a*?")", R"("g")", "0+0 1+0 2+0"},
      {R"("bab")", R"("a*")", R"("gn")", "1+1"},
      {R"("aA")", R"("a")", R"("gi")", "0+1 1+1"},
      {R"("a b")", R"("a\\ b # hi\n")", R"("x")", "0+3"},
      {R"("a b")", R"j("a[ ]b # hi)\n")j", R"("x")", "0+3"},
      {R"("ab")", R"j("(?x)a b")j", "null", "0+2"},
      {R"("ab a b")", R"j("(?x:a b)|a b")j", R"("g")", "0+2 3+3"},
      // Ends of lines and of the text.
      {R"("a\nb")", R"("^b")", R"("g")", ""},
      {R"("a\nb")", R"("a$")", R"("gs")", ""},
      {R"("a\nb")", R"j("(?m)^b")j", "null", "2+1"},
      {R"("a\nb\n")", R"("b$")", "null", "2+1"},
      {R"("a\nb\n")", R"("b\\Z")", "null", "2+1"},
      {R"("a\nb\n")", R"("b\\z")", "null", ""},
      {R"("a\nb")", R"("a.b")", R"("gs")", ""},
      {R"("a\nb")", R"("a.b")", R"("p")", "0+3"},
      {R"("a\nb")", R"j("(?s)a.b")j", "null", "0+3"},
      // Unicode.
      {R"("aéb")", R"("\\w+")", "null", "0+3"},
      {R"("aéb")", R"("[[:alpha:]]+")", "null", "0+3"},
      {R"("a٣")", R"("\\d")", "null", "1+1"},
      {R"("\u000b x")", R"("\\s")", R"("g")", "0+1 1+1"},
      {R"("a1")", R"("[\\W\\d]")", "null", "1+1"},
      {R"("a1")", R"("\\p{^L}")", "null", "1+1"},
      {R"("ab")", R"("\\p{Alpha}+")", "null", "0+2"},
      {R"("abc\u0000d")", R"("d")", "null", "4+1"},
      {R"("k=s")", R"("[\\W]")", R"("gi")", "1+1"},  // no Kelvin sign, no long s
      {R"("k=é")", R"("[\\W]")", R"("gi")", "1+1"},
      {R"("漢字 k")", R"("[\\W]")", R"("gi")", "2+1"},
      {R"("Ж–é")", R"("\\w")", R"("g")", "0+1 2+1"},
      // Syntax that differs from RE2's.
      {R"("]a")", R"("[]a]+")", "null", "0+2"},
      {R"("a\tb")", R"("\\x9|\\011")", "null", "1+1"},
      {R"("ab")", R"j("a(?#com)b")j", "null", "0+2"},
      {R"("ab")", R"("\\Qab\\E")", "null", "0+2"},
      {R"("h")", R"("\\h")", "null", "0+1"},  // no hex digit: jq takes Perl's syntax
      // Other than jq 1.6: it gives the place of $ again for every byte before it, and ignores l.
      {R"("a\nb\n")", R"("$")", R"("g")", "3+0"},
      {R"("abc")", R"("a|ab|abc")", R"("l")", "0+3"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(places(row.text, row.pattern, row.flags), row.want)
        << row.text << " " << row.pattern << " " << row.flags;
  }
}

TEST(JqRegex, TestSaysWhether) {
  EXPECT_EQ(match(R"("aab")", R"("A")", R"("i")", "true"), "true");
  EXPECT_EQ(match(R"("aab")", R"("A")", "null", "true"), "false");
  EXPECT_EQ(match(R"("b\n")", R"("b$")", "null", "true"), "true");
  EXPECT_EQ(match(R"("b")", R"("a*")", R"("n")", "true"), "false");
}

TEST(JqRegex, Errors) {
  EXPECT_EQ(match("null", R"("a")"), "error: null (null) cannot be matched, as it is not a string");
  EXPECT_EQ(match(R"("a")", "1"), "error: number (1) is not a string");
  EXPECT_EQ(match(R"("a")", R"("a")", "1"), "error: number (1) is not a string");
  EXPECT_EQ(match(R"("a")", R"("a")", R"("gq")"), "error: gq is not a valid modifier string");
  for (const std::string broken : {"(", "[", "*", "a)", "[b-a]", "(?z)", "(?<>a)", "[a&&b]"}) {
    EXPECT_TRUE(match(R"("a")", "\"" + broken + "\"")
                    .starts_with("error: " + broken + " (at offset 0) is not a valid regex: "))
        << broken;
  }
  const std::string long_pattern(1'025, 'a');
  EXPECT_EQ(match(R"("a")", "\"" + long_pattern + "\""),
            "error: the regular expression is too long: 1025 bytes, at most 1024");
}

TEST(JqRegex, WhatIsNotLinearIsAnError) {
  for (const std::string pattern : {"a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b", "(?>a)", "a++", "a*+",
                                    "a?+", "(a)\\\\1", "(?<x>a)\\\\k<x>", "\\\\Ga"}) {
    EXPECT_TRUE(match(R"("ab")", "\"" + pattern + "\"")
                    .ends_with("look-around and back references are not supported (matching takes "
                               "linear time)"))
        << pattern;
  }
}

TEST(JqRegex, TextTooLongForTheSlowestSearchUsesUpTheTime) {
  const std::string text = "\"" + std::string(200'000, 'a') + "\"";
  EXPECT_EQ(call("_match", text, {R"j("(x+x+)+y")j", "null", "true"}), "false");
  EXPECT_EQ(call("_match", text, {R"j("(?:[01]{1,9}x?){1,99}y")j", "null", "true"}),
            "spent: " + std::to_string(static_cast<int>(Spent::time)));
}

TEST(JqRegex, CacheIsBoundedAndKeepsFlagsApart) {
  RegexCache cache;
  RegexFlags ignoring;
  ignoring.ignore_case = true;
  const auto exact = cache.find("a", {}, {});
  const auto loose = cache.find("a", ignoring, {});
  EXPECT_NE(exact, loose);
  EXPECT_EQ(exact, cache.find("a", {}, {}));
  std::weak_ptr<const Regex> first = cache.find("0", {}, {});
  for (int i = 1; i < 300; ++i) cache.find(std::to_string(i), {}, {});
  EXPECT_TRUE(first.expired());
}

}  // namespace pilot::jq
