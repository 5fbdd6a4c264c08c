#include "base/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pilot {
namespace {

std::string read(std::string_view text, const JsonLimits& limits = {}) {
  const auto value = parse_yaml(text, limits);
  return value ? to_json(*value) : value.error().code + " @ " + value.error().pointer;
}
std::string code_of(std::string_view text) {
  const auto value = parse_yaml(text);
  return value ? "ok" : value.error().code;
}

TEST(Yaml, PlainScalarsOfTheCoreSchema) {
  EXPECT_EQ(read("[null, Null, NULL, ~, ]"), "[null,null,null,null]");
  EXPECT_EQ(read("[true, True, TRUE, false, False, FALSE]"), "[true,true,true,false,false,false]");
  EXPECT_EQ(read("[yes, no, on, off, y, n, tRue]"), R"(["yes","no","on","off","y","n","tRue"])");
  EXPECT_EQ(read("[0, -7, +7, 007, 0x1F, 0o17, 9223372036854775808]"),
            "[0,-7,7,7,31,15,9223372036854775808]");
  EXPECT_EQ(read("[1.5, -0.1, .5, 1., 1e3, 1.5E-3, +2.0]"), "[1.5,-0.1,0.5,1.0,1000.0,0.0015,2.0]");
  EXPECT_EQ(read("[1_000, 0b1, 1:30, 2026-11-23, 1.2.3, -, 0x, 0o8, e5, ., '']"),
            R"(["1_000","0b1","1:30","2026-11-23","1.2.3","-","0x","0o8","e5",".",""])");
  EXPECT_EQ(read("['1', \"true\", 'null', \"~\"]"), R"(["1","true","null","~"])");
  EXPECT_EQ(read("a: |\n  one\n  two\nb: >\n  one\n  two\n"),
            R"({"a":"one\ntwo\n","b":"one two\n"})");
  EXPECT_EQ(read("a:\nb: ~\nc: ''"), R"({"a":null,"b":null,"c":""})");
}

TEST(Yaml, NumbersOutOfRange) {
  for (const std::string_view bad :
       {"18446744073709551616", "-9223372036854775809", "0x10000000000000000", "1e400", "-1e400",
        ".inf", "-.INF", "+.Inf", ".nan", ".NaN", "1e99999999999999999999"}) {
    EXPECT_EQ(read("a: " + std::string(bad)), "number_out_of_range @ line 1, column 4") << bad;
  }
  EXPECT_EQ(code_of(std::string(400, '9') + ".5"), "number_out_of_range");
  EXPECT_EQ(read("1e-400"), "0.0");
  EXPECT_EQ(read("-1e-99999999999999999999"), "-0.0");
  EXPECT_EQ(read("0." + std::string(400, '0') + "1"), "0.0");
  EXPECT_EQ(code_of("0." + std::string(10, '0') + "1e+400"), "number_out_of_range");
}

TEST(Yaml, KeysAreTexts) {
  EXPECT_EQ(read("1: a\n2.50: b\ntrue: c\nnull: d\n'x y': e"),
            R"({"1":"a","2.50":"b","true":"c","null":"d","x y":"e"})");
  EXPECT_EQ(read("? [a, b]\n: c"), "invalid_yaml @ line 1, column 3");
  EXPECT_EQ(read("? {a: b}\n: c"), "invalid_yaml @ line 1, column 3");
}

TEST(Yaml, AnchorsAreCopied) {
  EXPECT_EQ(read("a: &x {k: [1]}\nb: *x\nc: [*x, *x]"),
            R"({"a":{"k":[1]},"b":{"k":[1]},"c":[{"k":[1]},{"k":[1]}]})");
  EXPECT_EQ(read("[&k key, {*k : 1}]"), R"(["key",{"key":1}])");
  EXPECT_EQ(read("[&a 1, &a 2, *a]"), "[1,2,2]");
  EXPECT_EQ(code_of("a: *nobody"), "invalid_yaml");
}

TEST(Yaml, TagsAreTexts) {
  EXPECT_EQ(read("[!!int 5, !!str 5, !thing x, !!python/object:os.system ls, !!binary aGk=]"),
            R"(["5","5","x","ls","aGk="])");
  EXPECT_EQ(read("!!python/object/apply:os.system [ls]"), R"(["ls"])");
  EXPECT_EQ(read("!!set {a, b}"), R"({"a":null,"b":null})");
  EXPECT_EQ(read("a: !!null ''"), R"({"a":""})");
}

TEST(Yaml, DuplicateKeys) {
  EXPECT_EQ(read("a: 1\nb: 2\na: 3"), "duplicate_key @ line 3, column 1");
  EXPECT_EQ(read("1: a\n'1': b"), "duplicate_key @ line 2, column 1");
  EXPECT_EQ(read("x: {a: 1, \"a\": 2}"), "duplicate_key @ line 1, column 11");
}

TEST(Yaml, MergeKeysAreRefusedUnlessQuoted) {
  EXPECT_EQ(read("a: &x {k: 1}\nb:\n  <<: *x\n  l: 2"), "invalid_yaml @ line 3, column 3");
  EXPECT_EQ(read("'<<': 1"), R"({"<<":1})");
}

TEST(Yaml, AliasBombsAndCycles) {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c <= 'i'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 9; ++i) bomb += std::string(i ? "," : "") + "*" + static_cast<char>(c - 1);
    bomb += "]\n";
  }
  EXPECT_EQ(code_of(bomb), "yaml_limit");

  std::string heavy = "a: &a " + std::string(1'000'000, 'x') + "\nb: [";
  for (int i = 0; i < 1'000; ++i) heavy += "*a,";
  EXPECT_EQ(code_of(heavy + "]"), "yaml_limit");

  EXPECT_EQ(code_of("&a [*a]"), "yaml_limit");
  EXPECT_EQ(code_of("a: &a\n  b: {c: [1, *a]}"), "yaml_limit");

  std::string deep = "- &a0 [1]\n";
  for (int i = 1; i < 150; ++i) {
    deep += "- &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  }
  EXPECT_EQ(code_of(deep), "yaml_limit");
}

TEST(Yaml, Limits) {
  EXPECT_EQ(code_of(std::string(99, '[') + "1" + std::string(99, ']')), "ok");
  EXPECT_EQ(code_of(std::string(101, '[') + "1" + std::string(101, ']')), "yaml_limit");
  EXPECT_EQ(code_of(std::string(100'000, '[')), "yaml_limit");
  EXPECT_EQ(code_of(std::string(100'000, '{')), "yaml_limit");
  std::string dashes;
  for (int i = 0; i < 100'000; ++i) dashes += "- ";
  EXPECT_EQ(code_of(dashes), "yaml_limit");
  std::string docs;
  for (int i = 0; i < 100'000; ++i) docs += "---\na: 1\n";
  EXPECT_EQ(read(docs), "yaml_limit @ line 3, column 1");
  EXPECT_EQ(read("--- \na: 1\n...\n"), R"({"a":1})");
  std::string items = "[";
  for (int i = 0; i < 100'000; ++i) items += "1,";
  EXPECT_EQ(code_of(items + "1]"), "yaml_limit");
  EXPECT_EQ(read("[1]", {.max_bytes = 2}), "yaml_limit @ ");
  EXPECT_EQ(read("[{a: 1}, {a: 1}]", {.max_keys = 1}), "yaml_limit @ line 1, column 11");
}

TEST(Yaml, NothingIsNull) {
  EXPECT_EQ(read(""), "null");
  EXPECT_EQ(read("# only a comment\n"), "null");
  EXPECT_EQ(read("---\n"), "null");
}

TEST(Yaml, MalformedSaysWhere) {
  EXPECT_EQ(read("a: 1\nb: [1, 2"), "invalid_yaml @ line 2, column 1");
  EXPECT_EQ(read("a: 1\n\tb: 2"), "invalid_yaml @ line 2, column 1");
  EXPECT_EQ(code_of("a: b: c"), "invalid_yaml");
  EXPECT_EQ(code_of("a: 'x"), "invalid_yaml");
  EXPECT_EQ(code_of("a: \"\\q\""), "invalid_yaml");
  EXPECT_EQ(code_of("a: 1\n]"), "invalid_yaml");
  EXPECT_EQ(code_of("a: @x"), "invalid_yaml");
  EXPECT_EQ(read("a: 1\nb: \x04 c"), "invalid_yaml @ line 2, column 4");
  EXPECT_EQ(read("a: 1\nb: \xff"), "invalid_yaml @ line 2, column 1");
  EXPECT_EQ(code_of(std::string_view("a: \0b", 5)), "invalid_yaml");
  EXPECT_THAT(parse_yaml("a: 1\nb: [1, 2").error().message, testing::StartsWith("line 2, column"));
}

}  // namespace
}  // namespace pilot
