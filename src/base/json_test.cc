#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <random>

namespace pilot {
namespace {

std::string code_of(std::string_view text, const JsonLimits& limits = {}) {
  const auto value = parse_json(text, limits);
  return value ? "ok " + to_json(*value) : value.error().code;
}

std::string place_of(std::string_view text) {
  const auto value = parse_json(text);
  return value ? "ok" : value.error().pointer;
}

TEST(Json, TextsThatReadAndWriteAsTheyAre) {
  for (const std::string_view text : {"null",
                                      "true",
                                      "false",
                                      "0",
                                      "-1",
                                      "1.0",
                                      "0.1",
                                      "100.1",
                                      "-0.0",
                                      "100000.0",
                                      "1e+20",
                                      "1.5e-07",
                                      "1e-05",
                                      "\"\"",
                                      "\"a\"",
                                      "[]",
                                      "{}",
                                      "[[],{}]",
                                      "[1,2.5,\"x\",null,true]",
                                      R"({"b":1,"a":{"c":[{}]}})",
                                      R"("\b\f\n\r\t\"\\\u0000\u001f")",
                                      "\"\xc3\xa9\xf0\x9f\x98\x80\"",
                                      "9223372036854775807",
                                      "-9223372036854775808",
                                      "9223372036854775808",
                                      "18446744073709551615"}) {
    const auto value = parse_json(text);
    ASSERT_TRUE(value) << text << ": " << value.error().message;
    if (text == "1e-05") {
      EXPECT_EQ(to_json(*value), "0.00001");
      continue;
    }
    EXPECT_EQ(to_json(*value), text);
    EXPECT_EQ(json_size(*value), text.size()) << text;
  }
}

TEST(Json, KeepsTheKindOfNumber) {
  EXPECT_TRUE(parse_json("1")->is_int64());
  EXPECT_TRUE(parse_json("1.0")->is_double());
  EXPECT_TRUE(parse_json("1e2")->is_double());
  EXPECT_TRUE(parse_json("9223372036854775807")->is_int64());
  EXPECT_TRUE(parse_json("9223372036854775808")->is_uint64());
  EXPECT_TRUE(parse_json("-0")->is_int64());
  EXPECT_TRUE(std::signbit(parse_json("-0.0")->get_double()));
  EXPECT_TRUE(parse_json(to_json(*parse_json("1e300")))->is_double());
}

TEST(Json, BorderLineDocuments) {
  EXPECT_EQ(code_of("-0"), "ok 0");
  EXPECT_EQ(code_of("18446744073709551616"), "number_out_of_range");
  EXPECT_EQ(code_of("-9223372036854775809"), "number_out_of_range");
  EXPECT_EQ(code_of("[100000000000000000000000000000000000000]"), "number_out_of_range");
  EXPECT_EQ(code_of("1e400"), "number_out_of_range");
  EXPECT_EQ(code_of("-1e400"), "number_out_of_range");
  EXPECT_EQ(code_of("1e99999999999"), "number_out_of_range");
  EXPECT_EQ(code_of("1.7976931348623159e308"), "number_out_of_range");
  EXPECT_EQ(code_of("1.7976931348623157e308"), "ok 1.7976931348623157e+308");
  EXPECT_EQ(code_of("5e-324"), "ok 5e-324");
  EXPECT_EQ(code_of("1e-400"), "ok 0.0");
  EXPECT_EQ(code_of("-1e-400"), "ok -0.0");
  EXPECT_EQ(code_of("0e999"), "ok 0.0");
  EXPECT_EQ(code_of(" \t\r\n1 \t\r\n"), "ok 1");
  EXPECT_EQ(code_of(R"("\ud83d\ude00")"), "ok \"\xf0\x9f\x98\x80\"");
  EXPECT_EQ(code_of(R"({"a\u0000b":"\u0000"})"), R"(ok {"a\u0000b":"\u0000"})");
  for (const std::string_view bad : {"",
                                     " ",
                                     "NaN",
                                     "Infinity",
                                     "-Infinity",
                                     "nan",
                                     "-",
                                     "+1",
                                     "01",
                                     "-01",
                                     "1.",
                                     ".5",
                                     "1e",
                                     "1e+",
                                     "0x10",
                                     "1_000",
                                     "[1,]",
                                     "{\"a\":1,}",
                                     "[,1]",
                                     "{,}",
                                     "[1 2]",
                                     "{\"a\" 1}",
                                     "{a:1}",
                                     "{'a':1}",
                                     "'a'",
                                     "[1",
                                     "{\"a\":1",
                                     "\"a",
                                     "]",
                                     "[1]]",
                                     "1 2",
                                     "{}{}",
                                     "nul",
                                     "tru",
                                     "// c\n1",
                                     "/* c */1",
                                     "\"\\x41\"",
                                     "\"\\u12g4\"",
                                     "\"\\ud800\"",
                                     "\"\\udc00\"",
                                     "\"\\ud800\\u0041\"",
                                     "\"\\ud800x\"",
                                     "\"a\nb\"",
                                     "\"a\tb\"",
                                     "\"\x01\"",
                                     "\"\x80\"",
                                     "\"\xc3\"",
                                     "\"\xc0\x80\"",
                                     "\"\xed\xa0\x80\"",
                                     "\"\xf5\x80\x80\x80\"",
                                     "\"\xff\"",
                                     "\xef\xbb\xbf{}",
                                     "\xff\xfe{",
                                     "\x7f"}) {
    EXPECT_EQ(code_of(bad), "invalid_json") << bad;
  }
  EXPECT_EQ(code_of(std::string_view("1\0", 2)), "invalid_json");
  EXPECT_EQ(code_of(std::string_view("\"\0\"", 3)), "invalid_json");
}

TEST(Json, SaysWhereAndWhat) {
  EXPECT_EQ(place_of("{\n  \"a\": 1,\n  \"b\": nope\n}"), "line 3, column 8");
  EXPECT_EQ(place_of("{\"a\":1,\n \"a\":2}"), "line 2, column 3");
  EXPECT_EQ(place_of("[1,\n2,\n 99999999999999999999]"), "line 3, column 2");
  EXPECT_EQ(place_of("[\"\xc3\xa9\xc3\xa9\", x]"), "line 1, column 8");  // characters, not bytes
  EXPECT_EQ(place_of("[1"), "line 1, column 3");
  EXPECT_THAT(parse_json("{\"a\":1,\n \"a\":2}").error().message,
              testing::AllOf(testing::HasSubstr("line 2, column 3"), testing::HasSubstr("\"a\"")));
  EXPECT_THAT(parse_json("\xef\xbb\xbf{}").error().message, testing::HasSubstr("byte order mark"));
  EXPECT_THAT(parse_json("\"a\nb\"").error().message, testing::HasSubstr("control character"));
  EXPECT_THAT(parse_json("\"\xff\"").error().message, testing::HasSubstr("UTF-8"));
  EXPECT_THAT(parse_json(R"("\ud800")").error().message, testing::HasSubstr("surrogate"));
}

TEST(Json, DuplicateKeys) {
  EXPECT_EQ(code_of(R"({"a":1,"a":1})"), "duplicate_key");
  EXPECT_EQ(code_of(R"({"a":1,"\u0061":1})"), "duplicate_key");
  EXPECT_EQ(code_of(R"([{"x":{"a":1,"b":2,"a":3}}])"), "duplicate_key");
  EXPECT_EQ(code_of(R"({"a":{"a":1},"b":{"a":1}})"), R"(ok {"a":{"a":1},"b":{"a":1}})");
  std::string many = "{";
  for (int i = 0; i < 99'999; ++i) many += "\"key" + std::to_string(i) + "\":1,";
  EXPECT_EQ(parse_json(many + "\"last\":1}")->get_object().size(), 100'000u);
  EXPECT_EQ(code_of(many + "\"key77\":1}"), "duplicate_key");
}

TEST(Json, Limits) {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_TRUE(parse_json(nested(100)));
  EXPECT_EQ(code_of(nested(101)), "json_too_deep");
  EXPECT_EQ(code_of(std::string(1'000'000, '[')), "json_too_deep");
  std::string objects;
  for (int i = 0; i < 101; ++i) objects += "{\"a\":";
  EXPECT_EQ(code_of(objects), "json_too_deep");
  EXPECT_EQ(code_of("[[1]]", {.max_depth = 1}), "json_too_deep");
  EXPECT_EQ(code_of(nested(2'000), {.max_depth = 2'000}), "ok " + nested(2'000));

  EXPECT_EQ(code_of("[1]", {.max_bytes = 3}), "ok [1]");
  EXPECT_EQ(code_of("[1] ", {.max_bytes = 3}), "json_too_large");
  EXPECT_EQ(parse_json("[1] ", {.max_bytes = 3}).error().kind, ErrorKind::too_large);

  EXPECT_EQ(code_of(R"([{"a":1},{"a":1}])", {.max_keys = 2}), R"(ok [{"a":1},{"a":1}])");
  EXPECT_EQ(code_of(R"([{"a":1},{"a":1,"b":1}])", {.max_keys = 2}), "json_too_many_keys");

  EXPECT_EQ(code_of("0." + std::string(998, '0')), "ok 0.0");
  EXPECT_EQ(code_of("0." + std::string(999, '0')), "json_number_too_long");
  EXPECT_EQ(code_of(std::string(1'001, '7')), "json_number_too_long");
  EXPECT_EQ(code_of("[0." + std::string(5'000, '1') + "]"), "json_number_too_long");
  EXPECT_EQ(code_of("0." + std::string(500, '0') + "1e+501"), "ok 1.0");
}

TEST(Json, LongStringsAndKeysWithEscapes) {
  const std::string plain(100'000, 'x');
  for (const std::string& middle : {std::string("\\n"), std::string("\\u00e9"), std::string()}) {
    const std::string text = "{\"" + plain + middle + plain + "\":\"" + plain + middle + "\"}";
    const auto value = parse_json(text);
    ASSERT_TRUE(value) << value.error().message;
    EXPECT_EQ(value->get_object().begin()->key().size(), 200'000 + (middle.empty()      ? 0u
                                                                    : middle.size() > 2 ? 2u
                                                                                        : 1u));
    EXPECT_EQ(*parse_json(to_json(*value)), *value);
  }
}

// The text of each number is read to the nearest double, and writes back to text for the same one.
TEST(Json, DoublesAreExact) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 200'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    char text[64];
    const int length = std::snprintf(text, sizeof text, "%.16e", value);
    const auto parsed = parse_json({text, static_cast<std::size_t>(length)});
    ASSERT_TRUE(parsed) << text;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(parsed->get_double()),
              std::bit_cast<std::uint64_t>(value))
        << text;
    const auto again = parse_json(to_json(*parsed));
    ASSERT_TRUE(again) << text;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(again->get_double()),
              std::bit_cast<std::uint64_t>(value))
        << text;
    ASSERT_EQ(to_json(*parsed).size(), json_size(*parsed));
  }
}

// Numbers as people write them: 17 digits with a point somewhere.
TEST(Json, SeventeenDigitNumbersAreNearest) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 200'000; ++i) {
    std::string text = std::to_string(random() % 90'000'000'000'000'000u + 10'000'000'000'000'000u);
    text.insert(1 + random() % 16, ".");
    double expected = 0;
    std::from_chars(text.data(), text.data() + text.size(), expected);
    const auto parsed = parse_json("[" + text + "]");
    ASSERT_TRUE(parsed) << text;
    ASSERT_EQ(parsed->get_array()[0].get_double(), expected) << text;
  }
}

TEST(Json, WriterEscapesEveryByteRight) {
  for (int c = 0; c < 0x80; ++c) {
    for (std::size_t before = 0; before < 10; ++before) {
      const std::string text = std::string(before, 'a') + static_cast<char>(c) + "bcdefghijk";
      const Json value(text);
      const std::string written = to_json(value);
      EXPECT_EQ(json_size(value), written.size());
      const auto back = parse_json(written);
      ASSERT_TRUE(back) << written;
      EXPECT_EQ(as_view(back->get_string()), text);
    }
  }
  EXPECT_EQ(to_json(Json("\x7f")), "\"\x7f\"");
}

TEST(Json, Pretty) {
  EXPECT_EQ(to_pretty_json(*parse_json(R"({"a":[1,{"b":[]}],"c":{}})")),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}");
  EXPECT_EQ(to_pretty_json(Json(1)), "1");
}

TEST(JsonDeathTest, NonFiniteNumbersAreABug) {
  EXPECT_DEATH((void)to_json(Json(std::nan(""))), "isfinite");
}

TEST(Json, Members) {
  const Json value = *parse_json(R"({"a":"x","n":1})");
  EXPECT_EQ(string_or(value, "a"), "x");
  EXPECT_EQ(string_or(value, "n", "none"), "none");
  EXPECT_EQ(string_or(value, "z", "none"), "none");
  EXPECT_EQ(find(value, "z"), nullptr);
  EXPECT_EQ(find(Json(1), "z"), nullptr);
  EXPECT_EQ(find(value, "n")->get_int64(), 1);
  EXPECT_EQ(json_type_name(*parse_json("18446744073709551615")), "integer");
  EXPECT_EQ(json_type_name(Json(1.0)), "number");
  EXPECT_EQ(json_type_name(Json(nullptr)), "null");
}

TEST(Json, Pointers) {
  EXPECT_EQ(pointer_join("/steps/0", "a/b~c"), "/steps/0/a~1b~0c");
  EXPECT_EQ(pointer_join("", "steps"), "/steps");
  EXPECT_EQ(pointer_join("/steps", std::size_t{12}), "/steps/12");
}

TEST(Utf8, Prefixes) {
  const std::string_view text = "a\xc3\xa9\xf0\x9f\x98\x80z";  // a, e acute, a face, z
  EXPECT_EQ(utf8_prefix(text, 1), "a");
  EXPECT_EQ(utf8_prefix(text, 2), "a");
  EXPECT_EQ(utf8_prefix(text, 3), "a\xc3\xa9");
  EXPECT_EQ(utf8_prefix(text, 6), "a\xc3\xa9");
  EXPECT_EQ(utf8_prefix(text, 7), "a\xc3\xa9\xf0\x9f\x98\x80");
  EXPECT_EQ(utf8_prefix(text, 100), text);
  EXPECT_EQ(utf8_prefix(text, 0), "");
  EXPECT_EQ(utf8_prefix("\x80\x80\x80\x80\x80\x80", 5).size(), 5u);  // no character at all
  EXPECT_EQ(utf8_prefix_characters(text, 0), "");
  EXPECT_EQ(utf8_prefix_characters(text, 2), "a\xc3\xa9");
  EXPECT_EQ(utf8_prefix_characters(text, 4), text);
}

TEST(Utf8, Valid) {
  for (const std::string_view good :
       {"", "abc", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "12345678\xc3\xa9"}) {
    EXPECT_TRUE(is_valid_utf8(good)) << good;
  }
  for (const std::string_view bad :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe1\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "12345678\xc3",
        "\xc3\x28", "\xe2\x82\x28"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << bad;
  }
}

}  // namespace
}  // namespace pilot
