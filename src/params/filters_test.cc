// Each filter at its edges; the plain cases are the table of docs/references.md, checked below.
#include "params/filters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "model/limits.h"
#include "params/map_source.h"
#include "params/template.h"

namespace pilot::params {
namespace {

using testing::HasSubstr;

std::string filtered(const Json& input, std::string_view filters) {
  const auto compiled = Template::compile(fmt::format("${{inputs | {}}}", filters));
  if (!compiled) return compiled.error().code + ": " + compiled.error().message;
  const auto value = compiled->evaluate(MapSource(JsonObject{{"inputs", input}}));
  return value ? to_json(*value) : value.error().code + ": " + value.error().message;
}

std::string on(std::string_view json, std::string_view filters) {
  return filtered(parse_json(json).value(), filters);
}

struct Case {
  std::string input;
  std::string filters;
  std::string result;
};
class Filters : public testing::TestWithParam<Case> {};
TEST_P(Filters, give) { EXPECT_EQ(on(GetParam().input, GetParam().filters), GetParam().result); }

INSTANTIATE_TEST_SUITE_P(
    texts, Filters,
    testing::Values(
        Case{R"("straße ÿ žŁ ςώ ёї")", "upper", R"("STRAßE Ÿ ŽŁ ΣΏ ЁЇ")"},
        Case{R"("ÀÞ×Ÿ Ž ΆΏΩ ЁЯҐ")", "lower", R"("àþ×ÿ ž άώω ёяґ")"},
        Case{R"("日本")", "upper", R"("日本")"}, Case{R"(" \t\n")", "trim", R"("")"},
        Case{R"("日本語")", "length", "3"}, Case{R"("aaaa")", "replace: 'aa', 'b'", R"("bb")"},
        Case{R"("")", "split: ','", R"([""])"}, Case{R"("")", "split: ''", "[]"},
        Case{R"("a,,b,")", "split: ','", R"(["a","","b",""])"},
        Case{R"("aß日")", "split: ''", R"(["a","ß","日"])"},
        Case{R"("日本語")", "slice: 1", R"("本語")"},
        Case{R"("日本語")", "slice: -2, 1", R"("本")"}, Case{R"("abc")", "slice: 9, 9", R"("")"},
        Case{R"("abc")", "slice: 0, -1", R"("")"},
        Case{R"("abc")", "slice: -9223372036854775808, 9223372036854775807", R"("abc")"},
        Case{R"("日本語")", "truncate: 3", R"("日本語")"},
        Case{R"("日本語!")", "truncate: 2, ''", R"("日本")"},
        Case{R"("abcdef")", "truncate: 2, '....'", R"("..")"},
        Case{R"("ab")", "truncate: 0", R"("")"}, Case{R"("abc")", "contains: ''", "true"},
        Case{R"("abc")", "contains: 'bd'", "false"}, Case{R"("a+b%2B")", "url_decode", R"("a+b+")"},
        Case{R"("")", "base64", R"("")"}, Case{R"("'")", "escape_html", R"("&#39;")"},
        Case{R"("a\u0000b")", "url_encode", R"("a%00b")"},
        Case{R"(" [1, 2.5] ")", "parse_json", "[1,2.5]"}, Case{R"("FALSE")", "boolean", "false"},
        Case{"0.0", "boolean", "false"}, Case{"-1", "boolean", "true"},
        Case{"null", "boolean", "false"}, Case{"null", "string", R"("null")"},
        Case{R"("x")", "json", R"("\"x\"")"}));

INSTANTIATE_TEST_SUITE_P(
    lists, Filters,
    testing::Values(Case{"[]", "first", "null"}, Case{"[]", "last | default: 'none'", R"("none")"},
                    Case{"[]", "join", R"("")"},
                    Case{R"([1,"a",null,{"k":true}])", "join", R"("1,a,null,{\"k\":true}")"},
                    Case{"[1,2,3]", "slice: -2", "[2,3]"}, Case{"[1,2,3]", "slice: 1, 1", "[2]"},
                    Case{"[]", "sort", "[]"}, Case{R"(["b","B","a"])", "sort", R"(["B","a","b"])"},
                    Case{"[9007199254740993, 9007199254740992.0, 18446744073709551615, -1]",
                         "sort | map: 'x' | default: 0",
                         "filter_failed: filter `map` in `inputs | sort | map: "
                         "'x' | default: 0`: item 0 is a number, not an object"},
                    Case{R"([{"k":2,"v":"x"},{"k":1},{"k":2,"v":"y"}])", "sort: 'k' | map: 'v'",
                         R"([null,"x","y"])"},
                    Case{R"([1,"1",1,[1],[1],null,null])", "unique", R"([1,"1",[1],null])"},
                    Case{R"([1,[2]])", "contains: 1", "true"},
                    Case{R"({"a":1})", "contains: 'a'", "true"}, Case{"{}", "keys", "[]"},
                    Case{R"({"b":1,"a":2})", "values", "[1,2]"}));

INSTANTIATE_TEST_SUITE_P(
    numbers, Filters,
    testing::Values(Case{"9223372036854775807", "plus: 1", "9223372036854775808"},
                    Case{"-9223372036854775808", "abs", "9223372036854775808"},
                    Case{"6", "divided_by: -3", "-2"},
                    Case{"-9223372036854775808", "divided_by: -1", "9223372036854775808"},
                    Case{"-7", "modulo: 3", "-1"}, Case{"7.5", "modulo: 2", "1.5"},
                    Case{"2.5", "round", "3"}, Case{"-2.5", "round", "-3"},
                    Case{"5", "round: 2", "5"}, Case{"1e300", "round: 2", "1e+300"},
                    Case{R"("1e3")", "integer", "1000"},
                    Case{R"("18446744073709551615")", "number", "18446744073709551615"},
                    Case{"-0.5", "ceil", "0"}));

struct Failing {
  std::string input;
  std::string filters;
  std::string message;  // part of code: message
};
class Failures : public testing::TestWithParam<Failing> {};
TEST_P(Failures, are_told) {
  EXPECT_THAT(on(GetParam().input, GetParam().filters), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    filters, Failures,
    testing::Values(
        Failing{"[1]", "upper",
                "filter_failed: filter `upper` in `inputs | upper`: it takes text, this is a list"},
        Failing{"null", "length", "it takes text or a list or an object, this is null"},
        Failing{R"("5")", "plus: 1", "it takes a number, this is text"},
        Failing{"18446744073709551615", "plus: 1", "filter_failed"},
        Failing{"-9223372036854775808", "minus: 1", "too large"},
        Failing{"18446744073709551615", "times: 18446744073709551615", "too large"},
        Failing{"1e308", "times: 10", "too large"}, Failing{"1", "divided_by: 0", "divided by 0"},
        Failing{"1", "modulo: 0.0", "divided by 0"}, Failing{"1e300", "floor", "too large"},
        Failing{"1", "round: 99", "0 to 15"}, Failing{R"("0x10")", "number", "no number"},
        Failing{R"("true")", "number", "no number"}, Failing{R"("1e300")", "integer", "too large"},
        Failing{R"("maybe")", "boolean", "none of true"}, Failing{"[]", "boolean", "it takes"},
        Failing{R"("a")", "replace: '', 'b'", "nothing to look for"},
        Failing{R"("a")", "truncate: -1", "less than 0"}, Failing{R"("%4")", "url_decode", "hex"},
        Failing{R"("%zz")", "url_decode", "hex"}, Failing{R"("%ff")", "url_decode", "UTF-8"},
        Failing{R"("_w==")", "base64_decode", "no valid base64"},
        Failing{R"("/w==")", "base64_decode", "UTF-8"},
        Failing{R"("{\"a\":1,\"a\":2}")", "parse_json", "no valid JSON (duplicate_key)"},
        Failing{R"([1,"a"])", "sort", "texts or numbers"}, Failing{"[1]", "sort: 'k'", "the key"},
        Failing{R"("a")", "contains: 1", "only a text"}));

TEST(FilterLimits, no_text_longer_than_the_limit) {
  const Json large(std::string(limits::kString, 'x'));
  EXPECT_THAT(filtered(large, "append: 'y'"), HasSubstr("limit_exceeded"));
  EXPECT_THAT(filtered(large, "base64"), HasSubstr("limit_exceeded"));
  EXPECT_THAT(filtered(large, "replace: 'x', 'yy'"), HasSubstr("limit_exceeded"));
  EXPECT_THAT(filtered(large, "split: ''"), HasSubstr("limit_exceeded"));
  EXPECT_EQ(filtered(large, "append: '' | length"), "1048576");
  EXPECT_EQ(filtered(large, "append: 'y' | default: 1").substr(0, 14), "limit_exceeded");
}

TEST(FilterLimits, messages_never_hold_the_value) {
  for (const auto& name : filter_names()) {
    for (const std::string arguments : {"", ": 'q'", ": 0", ": 'q', 'r'"}) {
      const auto text = filtered(Json("{S3CRET%"), name + arguments);
      if (text.find(": ") != text.npos && !text.starts_with('"')) {
        EXPECT_EQ(text.find("S3CRET"), text.npos) << text;
      }
    }
  }
}

// docs/references.md: the inputs of its table, and its rows of example and result.
struct Document {
  Json inputs;
  std::vector<std::pair<std::string, std::string>> examples;
  std::set<std::string> filters;
};

std::string between(std::string_view text, std::string_view open, std::string_view close) {
  const auto begin = text.find(open);
  if (begin == text.npos) return {};
  const auto start = begin + open.size();
  return std::string(text.substr(start, text.find(close, start) - start));
}

std::string unescape_pipes(std::string text) {
  for (auto at = text.find("\\|"); at != text.npos; at = text.find("\\|", at)) text.erase(at, 1);
  return text;
}

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> out(1);
  for (std::size_t i = 2; i < line.size(); ++i) {
    if (line[i] == '|' && line[i - 1] != '\\') {
      out.emplace_back();
    } else {
      out.back() += line[i];
    }
  }
  return out;
}

Document read_document() {
  std::ifstream file(PILOT_SOURCE_DIR "/docs/references.md");
  std::stringstream text;
  text << file.rdbuf();
  Document document;
  document.inputs = parse_json(between(text.str(), "```json\n", "```")).value();
  bool in_table = false;
  for (std::string line; std::getline(text, line);) {
    in_table = line.starts_with("| filter | does |") || (in_table && line.starts_with("| "));
    if (!line.starts_with("| `") || !in_table) {
      in_table = in_table || line.starts_with("|---|---|---|---|");
      continue;
    }
    const auto row = cells(line);
    if (row.size() < 4) continue;
    document.filters.insert(between(row[0], "`", "`"));
    document.examples.emplace_back(unescape_pipes(between(row[2], "`", "`")),
                                   unescape_pipes(between(row[3], "`", "`")));
  }
  return document;
}

TEST(FilterDocs, every_example_gives_what_the_table_says) {
  const auto document = read_document();
  const MapSource source(JsonObject{{"inputs", document.inputs}});
  EXPECT_GT(document.examples.size(), 40u);
  for (const auto& [example, result] : document.examples) {
    const auto compiled = Template::compile(example);
    ASSERT_TRUE(compiled) << example << ": " << compiled.error().message;
    EXPECT_TRUE(compiled->is_one_reference()) << example;
    const auto value = compiled->evaluate(source);
    ASSERT_TRUE(value) << value.error().message;
    EXPECT_EQ(to_json(*value), result) << example;
  }
}

TEST(FilterDocs, every_filter_is_in_the_table) {
  const auto names = filter_names();
  EXPECT_EQ(read_document().filters, std::set<std::string>(names.begin(), names.end()));
  for (const auto& name : names) EXPECT_FALSE(find_filter(name)->help.empty()) << name;
}

}  // namespace
}  // namespace pilot::params
