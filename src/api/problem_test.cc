#include "api/problem.h"

#include <gtest/gtest.h>

#include "api/test_api.h"

namespace pilot::api {
namespace {

TEST(Problem, HasTheMembersOfTheRfcAndTheOldOne) {
  const Response response = problem(invalid("unknown_action", "no such action", "/steps/0/action"));
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const Json json = *parse_json(response.body);
  EXPECT_EQ(json.at("title"), "Unprocessable Content");
  EXPECT_EQ(json.at("status"), 422);
  EXPECT_EQ(json.at("detail"), "no such action");
  EXPECT_EQ(json.at("error"), "no such action");
  EXPECT_EQ(json.at("code"), "unknown_action");
  EXPECT_EQ(json.at("pointer"), "/steps/0/action");
  EXPECT_EQ(json.at("type"), "about:blank");
}

TEST(Problem, StatusByKindAndCode) {
  EXPECT_EQ(status_of(invalid("invalid_json", "")), 400);
  EXPECT_EQ(status_of(invalid("json_too_deep", "")), 400);
  EXPECT_EQ(status_of(too_large("json_too_deep", "")), 400);
  EXPECT_EQ(status_of(invalid("missing_param", "")), 422);
  EXPECT_EQ(status_of(too_large("plan_too_large", "")), 422);
  EXPECT_EQ(status_of(too_large("body_too_large", "")), 413);
  EXPECT_EQ(status_of(not_found("")), 404);
  EXPECT_EQ(status_of(conflict("run_finished", "")), 409);
  EXPECT_EQ(status_of(unavailable("overloaded", "")), 503);
  EXPECT_EQ(status_of(internal_error("")), 500);
  const auto of = [](ErrorKind kind) { return status_of(Error{kind, "", "", ""}); };
  EXPECT_EQ(of(ErrorKind::unauthenticated), 401);
  EXPECT_EQ(of(ErrorKind::permission_denied), 403);
  EXPECT_EQ(of(ErrorKind::rate_limited), 429);
  EXPECT_EQ(of(ErrorKind::timeout), 504);
  EXPECT_EQ(of(ErrorKind::cancelled), 409);
}

TEST(Problem, RetryAfterIsWholeSecondsFromOne) {
  EXPECT_EQ(header_of(problem(unavailable("overloaded", "")), "Retry-After"), "1");
  EXPECT_EQ(header_of(problem(unavailable("x", "", std::chrono::seconds{0})), "Retry-After"), "1");
  EXPECT_EQ(header_of(problem(unavailable("x", "", std::chrono::seconds{30})), "Retry-After"),
            "30");
}

TEST(Problem, NothingIsToldOfAnInternalError) {
  const Response response = problem(internal_error("SELECT * FROM plans at /home/x"));
  EXPECT_EQ(response.body.find("SELECT"), std::string::npos);
  EXPECT_EQ(response.note, "SELECT * FROM plans at /home/x");
  EXPECT_EQ(parse_json(response.body)->at("code"), "internal");
}

TEST(Problem, ListsAllProblemsAndLimits) {
  const Response several = problem(invalid("plan_invalid", "two"),
                                   Problems{{"/a", "x", "first"}, {"/b", "y", "second"}});
  EXPECT_EQ(parse_json(several.body)->at("problems").at(1).at("pointer"), "/b");
  const Response large = problem(too_large("body_too_large", "big"), Exceeded{10, 12});
  EXPECT_EQ(parse_json(large.body)->at("limit"), 10);
  EXPECT_EQ(parse_json(large.body)->at("actual"), 12);
}

}  // namespace
}  // namespace pilot::api
