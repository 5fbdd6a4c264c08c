// A manifest with GraphQL against graphql and graphql-http of npm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pilot.h"
#include "real_server.h"

namespace pilot::e2e {
namespace {

using testing::HasSubstr;

constexpr const char* kShop = R"yaml(id: shop
name: Shop
category: ecommerce
docs: https://shop.example.com/docs
base: {}/graphql
auth: {{bearer: token}}
actions:
  add_order:
    do: GRAPHQL
    params: {{who: string!, amount: integer!, tags: strings}}
    gql: 'mutation ($order: NewOrder!) {{ addOrder(order: $order) {{ id who amount tags }} }}'
    send: '{{order: .}}'
    out: .body.data.addOrder
  get_order:
    do: GRAPHQL
    effect: read
    params: {{id: string!}}
    gql: 'query ($id: ID!) {{ order(id: $id) {{ who tags }} }}'
  misspelt:
    do: GRAPHQL
    effect: read
    gql: '{{ oder {{ id }} }}'
)yaml";

class RealGraphql : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = missing_package("graphql-http"); !why.empty()) GTEST_SKIP() << why;
    shop_ = std::make_unique<NodeServer>("graphql.js", Arguments{"t0k3n-t0k3n"});
    ASSERT_FALSE(shop_->url().empty());
    std::filesystem::create_directories(dir_.path() / "catalog");
    dir_.write("catalog/shop.yaml", fmt::format(fmt::runtime(kShop), shop_->url()));
    pilot_ = std::make_unique<Server>(dir_.path() / "data",
                                      Arguments{"--catalog", (dir_.path() / "catalog").string()});
    connect("t0k3n-t0k3n");
  }
  void connect(const std::string& token) const {
    EXPECT_EQ(pilot_
                  ->post("/api/provider-credentials/shop",
                         fmt::format(R"({{"type":"token","value":"{}"}})", token))
                  .status,
              201);
  }
  Json step(const std::string& action, const std::string& params) const {
    return pilot_
        ->post("/api/execute-step",
               fmt::format(R"({{"provider":"shop","action":"{}","params":{},"retry":"none"}})",
                           action, params))
        .json;
  }

  TempDir dir_;
  std::unique_ptr<NodeServer> shop_;
  std::unique_ptr<Server> pilot_;
};

TEST_F(RealGraphql, AMutationAndAQueryTakeTheirValuesAsVariables) {
  // Nothing of a value is read as GraphQL.
  const Json made =
      step("add_order", R"({"who":"Zoë\") { id } }\n#","amount":3,"tags":["a\\b","日本"]})");
  EXPECT_EQ(to_json(at(made, "output")),
            R"({"id":"1","who":"Zoë\") { id } }\n#","amount":3,"tags":["a\\b","日本"]})")
      << to_json(made);
  const Json got = step("get_order", R"({"id":"1"})");
  EXPECT_EQ(to_json(at(got, "output")),
            R"({"order":{"who":"Zoë\") { id } }\n#","tags":["a\\b","日本"]}})")
      << to_json(got);
  EXPECT_EQ(to_json(at(step("get_order", R"({"id":"7"})"), "output")), R"({"order":null})");
}

TEST_F(RealGraphql, ErrorsInsideAGoodAnswerAreErrors) {
  const Json refused = step("add_order", R"({"who":"Ada","amount":0})");
  EXPECT_EQ(text_at(refused, "error/code"), "graphql_error") << to_json(refused);
  EXPECT_THAT(text_at(refused, "error/message"), HasSubstr("an amount is more than 0"));
  EXPECT_EQ(at(refused, "error/http_status"), Json(200));
  EXPECT_EQ(at(refused, "error/retryable"), Json(false));
  const Json misspelt = step("misspelt", "{}");
  EXPECT_THAT(text_at(misspelt, "error/message"), HasSubstr("Cannot query field \"oder\""))
      << to_json(misspelt);
  connect("not-it-not-it");
  const Json unknown = step("get_order", R"({"id":"1"})");
  EXPECT_EQ(text_at(unknown, "error/code"), "unauthorized") << to_json(unknown);
}

}  // namespace
}  // namespace pilot::e2e
