// Hostile documents: what they ask for is bounded, and refused or cut with words.
#include <chrono>

#include "model/limits.h"
#include "providers/openapi/import_for_test.h"

namespace pilot::providers::openapi {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::string many_operations(std::size_t count, std::string_view operation) {
  std::string text = R"({"openapi":"3.0.0","info":{"title":"T"},"paths":{)";
  for (std::size_t i = 0; i < count; ++i) {
    text += (i == 0 ? "\"/" : ",\"/") + std::to_string(i) + "\":{\"post\":";
    text += std::string(operation) + "}";
  }
  return text + "}";
}

TEST(ImportLimits, TooManyOperations) {
  const std::string text = many_operations(100'000, "{}") + "}";
  EXPECT_EQ(refusal(text), "too_many_operations");
  EXPECT_EQ(import_text(text, {.include = {"/77*"}}).actions, 1'111u);
}

TEST(ImportLimits, AsManyAsAreTaken) {
  EXPECT_EQ(import_text(many_operations(10'000, "{}") + "}").actions, 10'000u);
}

TEST(ImportLimits, TooLarge) {
  const std::string text = "{\"openapi\":\"3.0.0\",\"x\":\"" + std::string(10u << 20, 'x') + "\"}";
  EXPECT_EQ(refusal(text), "json_too_large");
  EXPECT_EQ(refusal("openapi: 3.0.0\nx: " + std::string(10u << 20, 'x')), "yaml_limit");
}

TEST(ImportLimits, TenMegabytesInTime) {
  std::string text = many_operations(
      2'000,
      R"({"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/A"}}}}})");
  text += R"(,"components":{"schemas":{"A":{"type":"object","properties":{)";
  for (int i = 0; i < 40'000; ++i) {
    text += (i == 0 ? "\"p" : ",\"p") + std::to_string(i) +
            R"(":{"type":"object","properties":{"q":{"type":"string","description":")" +
            std::string(150, 'd') + "\"}}}";
  }
  text += "}}}}}";
  ASSERT_LT(text.size(), limits::kOpenApiBytes);
  ASSERT_GT(text.size(), 8u << 20);
  const auto begin = std::chrono::steady_clock::now();
  const auto document = read_openapi(text);
  ASSERT_TRUE(document);
  const auto imported = import_openapi(*document);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{20});
  if (imported) {
    EXPECT_LE(json_size(imported->manifest), limits::kManifestBytes + 100'000);
  } else {
    EXPECT_THAT(imported.error().code, testing::AnyOf("import_too_complex", "import_too_large"));
  }
}

// Each schema has ten members of the next: 10^9 when written out.
std::string bomb(std::string_view operations) {
  std::string text = std::string(operations) + R"(,"components":{"schemas":{)";
  for (int level = 0; level < 9; ++level) {
    text += "\"S" + std::to_string(level) + R"(":{"type":"object","properties":{)";
    for (int i = 0; i < 10; ++i) {
      text += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) +
              R"(":{"$ref":"#/components/schemas/S)" + std::to_string(level + 1) + "\"}";
    }
    text += "}},";
  }
  return text + R"("S9":{"type":"string"}}}})";
}

constexpr std::string_view kBombed =
    R"({"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/S0"}}}}})";

TEST(ImportLimits, SchemasDoNotExplode) {
  const ImportedManifest one = import_text(bomb(many_operations(1, kBombed)));
  EXPECT_LT(json_size(one.manifest), 100'000u);
  EXPECT_THAT(note_codes(one), Contains("truncated"));
  const ImportedManifest many = import_text(bomb(many_operations(5'000, kBombed)));
  EXPECT_EQ(many.actions, 5'000u);
  EXPECT_LE(json_size(many.manifest), limits::kManifestBytes);
}

TEST(ImportLimits, WhatCannotBeMadeSmallIsRefused) {
  std::string text = many_operations(
      9'000, R"({"parameters":[{"$ref":"#/components/parameters/P"}],"requestBody":)"
             R"({"$ref":"#/components/requestBodies/B"}})");
  text += R"(,"components":{"parameters":{"P":{"name":"p","in":"query"}},"requestBodies":{"B":)"
          R"({"content":{"application/json":{"schema":{"type":"object","properties":{)";
  for (int i = 0; i < 400; ++i) {
    text += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) + R"(":{"type":"string"})";
  }
  text += "}}}}}}}}";
  EXPECT_EQ(refusal(text), "import_too_large");
}

TEST(ImportLimits, LongChainsDoNotEndTheStack) {
  for (const std::string_view link :
       {R"({"allOf":[{"$ref":"#/s/%"}]})", R"({"anyOf":[{"$ref":"#/s/%"},{"type":"string"}]})",
        R"({"$ref":"#/s/%"})", R"({"items":{"$ref":"#/s/%"}})"}) {
    std::string text = many_operations(
        1, R"({"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/s/0"}}}}})");
    text += ",\"s\":{";
    const std::size_t at = link.find('%');
    for (int i = 0; i < 50'000; ++i) {
      text += (i == 0 ? "\"" : ",\"") + std::to_string(i) +
              "\":" + std::string(link.substr(0, at)) + std::to_string(i + 1) +
              std::string(link.substr(at + 1));
    }
    text += "}}";
    EXPECT_EQ(import_text(text).actions, 1u) << link;
  }
}

TEST(ImportLimits, AliasBombsOfYaml) {
  std::string text = "openapi: 3.0.0\nx:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "  a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j) text += ", " + before;
    text += "]\n";
  }
  EXPECT_EQ(refusal(text), "yaml_limit");
  EXPECT_EQ(refusal("openapi: &a\n  x: *a\n"), "yaml_limit");
}

TEST(ImportLimits, DepthOfTheText) {
  std::string deep = "{\"openapi\":\"3.0.0\",\"x\":";
  for (int i = 0; i < 100'000; ++i) deep += '[';
  EXPECT_EQ(refusal(deep), "json_too_deep");
}

TEST(ImportLimits, EveryPathInAnotherFile) {
  const auto document =
      read_openapi(R"({"openapi":"3.0.0","paths":{"/a":{"$ref":"http://169.254.169.254/x"}}})");
  ASSERT_TRUE(document);
  const auto imported = import_openapi(*document);
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code, "no_operations");
  EXPECT_THAT(imported.error().message, HasSubstr("other files"));
}

TEST(ImportLimits, GlobsAreBounded) {
  const std::string text = many_operations(1, "{}") + "}";
  EXPECT_EQ(refusal(text, {.include = std::vector<std::string>(1'001, "a")}), "invalid_include");
  EXPECT_EQ(refusal(text, {.include = {std::string(301, '*')}}), "invalid_include");
}

}  // namespace
}  // namespace pilot::providers::openapi
