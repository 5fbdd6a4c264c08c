#include "api/request.h"

#include <gtest/gtest.h>

namespace pilot::api {
namespace {

Request parsed(std::string_view target) {
  Request out;
  const Status status = parse_target(target, out);
  EXPECT_TRUE(status) << target;
  return out;
}

std::string code_of(std::string_view target) {
  Request out;
  const Status status = parse_target(target, out);
  return status ? "" : status.error().code;
}

TEST(Target, PathIsSplitAndDecoded) {
  EXPECT_TRUE(parsed("/").path.empty());
  EXPECT_EQ(parsed("/api/plans/a%20b").path, (std::vector<std::string>{"api", "plans", "a b"}));
  // An encoded slash stays inside its segment: it cannot lead to another route.
  EXPECT_EQ(parsed("/api/plans%2Fx").path, (std::vector<std::string>{"api", "plans/x"}));
  EXPECT_EQ(parsed("/a//b/").path, (std::vector<std::string>{"a", "", "b", ""}));
  EXPECT_EQ(parsed("/a+b").path, (std::vector<std::string>{"a+b"}));
}

TEST(Target, QueryIsDecoded) {
  const Request request = parsed("/x?a=1&b=%C3%A9+y&c&&d=");
  EXPECT_EQ(request.query_value("a"), "1");
  EXPECT_EQ(request.query_value("b"), "\xC3\xA9 y");
  EXPECT_EQ(request.query_value("c"), "");
  EXPECT_EQ(request.query_value("d"), "");
  EXPECT_EQ(request.query_value("e"), std::nullopt);
}

TEST(Target, WhatCannotBeReadIsRefused) {
  for (const std::string_view target :
       {"", "*", "x", "http://a/b",
        "//"
        "\xff",
        "/%", "/%1", "/%zz", "/%00", "/%ff", "/x?a=%", "/x?%00=1", "/a#b"}) {
    EXPECT_EQ(code_of(target), "bad_target") << target;
  }
  EXPECT_EQ(code_of("/x?user_id=a&user_id=b"), "duplicate_parameter");
  EXPECT_EQ(code_of("/x?user_id=a&user%5Fid=b"), "duplicate_parameter");
  std::string many = "/x?";
  for (int i = 0; i < 101; ++i) many += fmt::format("p{}=1&", i);
  EXPECT_EQ(code_of(many), "too_many_parameters");
}

TEST(Headers, AreFoundInAnyCase) {
  Request request;
  request.headers = {{"Content-Type", "a"}, {"content-type", "b"}};
  EXPECT_EQ(request.header("CONTENT-type"), "a");
  EXPECT_EQ(request.header("Host"), std::nullopt);
}

TEST(Methods, AreExact) {
  EXPECT_EQ(method_from("DELETE"), Method::del);
  EXPECT_EQ(method_from("get"), Method::other);
  EXPECT_FALSE(changes_state(Method::head));
  EXPECT_TRUE(changes_state(Method::other));
}

}  // namespace
}  // namespace pilot::api
