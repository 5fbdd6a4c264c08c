#include "api/request_id.h"

#include <gtest/gtest.h>

#include "api/problem.h"
#include "base/id.h"

namespace pilot::api {
namespace {

const WallTime kNow{std::chrono::seconds{1'800'000'000}};

TEST(RequestId, OnlyPlainTextIsTaken) {
  for (const std::string& good : {std::string("a"), std::string("A.b_c-9"), std::string(64, 'x')}) {
    EXPECT_TRUE(is_request_id(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string(65, 'x'), std::string("a b"), std::string("a\r\nSet-Cookie: x"),
        std::string("a\"b"), std::string("\xc3\xa9"), std::string("a/b"), std::string("\x1b[2J"),
        std::string("a\0b", 3), std::string("a,b")}) {
    EXPECT_FALSE(is_request_id(bad)) << bad;
  }
}

TEST(RequestId, TheClientsOrANewOne) {
  const auto random = make_seeded_random(1);
  Request request;
  const std::string made = request_id_for(request, kNow, *random);
  EXPECT_TRUE(is_uuid(made));
  EXPECT_NE(request_id_for(request, kNow, *random), made);
  request.headers = {{"x-request-id", "job-7"}};
  EXPECT_EQ(request_id_for(request, kNow, *random), "job-7");
  request.headers = {{"X-Request-Id", "job 7"}};
  EXPECT_TRUE(is_uuid(request_id_for(request, kNow, *random)));
}

TEST(RequestId, StandsInProblemsOnly) {
  Response bad = problem(not_found("there is no \"plan\" {x}"));
  put_request_id(bad, "job-7");
  const auto json = parse_json(bad.body);
  ASSERT_TRUE(json) << bad.body;
  EXPECT_EQ(string_or(*json, "request_id"), "job-7");
  EXPECT_EQ(string_or(*json, "code"), "not_found");
  Response good = json_response(JsonObject{});
  put_request_id(good, "job-7");
  EXPECT_EQ(good.body, "{}");
}

}  // namespace
}  // namespace pilot::api
