#include <cmath>

#include "jq/testing.h"

namespace pilot::jq {
namespace {

TEST(JqFormats, GiveWhatJqGives) { expect_cases(format_builtins(), "format_cases.tsv"); }

TEST(JqFormats, NanIsAnEmptyCell) {
  TestRun run(format_builtins());
  Val row = Val::array(run.meter);
  row.push(run.meter, Val::number(std::nan("")));
  row.push(run.meter, Val::integer(9007199254740993));
  EXPECT_EQ(run.on_values("@csv", row), R"(",9007199254740993")");
  EXPECT_EQ(run.on_values("@tsv", row), R"("\t9007199254740993")");
}

// RFC 4648, section 10.
TEST(JqFormats, Base32) {
  TestRun run(format_builtins());
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"f", "MY======"},
      {"fo", "MZXQ===="},
      {"foo", "MZXW6==="},
      {"foob", "MZXW6YQ="},
      {"fooba", "MZXW6YTB"},
      {"foobar", "MZXW6YTBOI======"},
  };
  for (const auto& [text, encoded] : cases) {
    const std::string plain = '"' + std::string(text) + '"';
    const std::string coded = '"' + std::string(encoded) + '"';
    EXPECT_EQ(run("@base32", plain), coded);
    EXPECT_EQ(run("@base32d", coded), plain);
  }
  EXPECT_EQ(run("@base32d", "\"M1\""), R"(error: "string (\"M1\") is not valid base32 data")");
  EXPECT_EQ(run("@base32d", "\"M\""), R"(error: "string (\"M\") trailing base32 byte found")");
}

TEST(JqFormats, WhatIsTooBigIsNotMade) {
  Budget small;
  small.memory_bytes = 100'000;
  const std::string text = '"' + std::string(120'000, '\'') + '"';
  for (const char* name : {"@html", "@uri", "@sh", "@base64", "@base32", "@json"}) {
    TestRun run(format_builtins(), small);
    EXPECT_EQ(run(name, text), "spent: 3") << name;
  }
  TestRun run(format_builtins(), small);
  EXPECT_EQ(run("@csv", "[" + text + "]"), "spent: 3");
}

}  // namespace
}  // namespace pilot::jq
