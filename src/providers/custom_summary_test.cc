#include "providers/custom_summary.h"

#include <gmock/gmock.h>

namespace pilot::providers {
namespace {

CustomIntegration by_hand() {
  CustomIntegration out;
  out.id = {"7d"};
  out.name = "acme";
  out.base_url = "https://api.acme.example/v1";
  CustomAction action;
  action.action_id = "Get-Contact";
  action.endpoint = "/contacts/{id}";
  out.actions = {action};
  return out;
}

CustomIntegration of_document(std::size_t actions, std::size_t words) {
  CustomIntegration out = by_hand();
  out.actions.clear();
  JsonObject all;
  for (std::size_t i = 0; i < actions; ++i) {
    all["get_" + std::to_string(i)] = JsonObject{{"do", "GET /things/" + std::to_string(i)},
                                                 {"title", "A thing"},
                                                 {"description", std::string(words, 'w')},
                                                 {"params", JsonObject{}}};
  }
  out.manifest = JsonObject{{"id", "acme"},
                            {"base", "https://api.acme.example"},
                            {"auth", JsonObject{{"bearer", "token"}}},
                            {"actions", std::move(all)}};
  return out;
}

std::string member(const Json& summary, std::string_view key) {
  const Json* found = find(summary, key);
  return found == nullptr ? "" : to_json(*found);
}

TEST(CustomSummary, OfOneByHand) {
  const Json made = custom_summary(by_hand());
  EXPECT_EQ(member(made, "auth"),
            R"([{"type":"api_key","title":"api_key","secret":true,"required":true}])");
  EXPECT_EQ(member(made, "names"), R"(["get_contact","request"])");
  EXPECT_EQ(member(made, "actions"), "") << "they are rows";
}

TEST(CustomSummary, OfADocument) {
  CustomIntegration given = of_document(1, 200);
  given.summary = custom_summary(given);
  EXPECT_EQ(member(given.summary, "names"), R"(["get_0","request"])");
  EXPECT_EQ(member(given.summary, "auth"),
            R"([{"type":"token","title":"token","secret":true,"required":true}])");
  const auto actions = summarised_actions(given);
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(actions[0].action_id, "get_0");
  EXPECT_EQ(actions[0].action_name, "A thing");
  EXPECT_EQ(actions[0].http_method, "GET");
  EXPECT_EQ(actions[0].endpoint, "/things/0");
  EXPECT_EQ(actions[0].description, std::string(120, 'w'));
}

TEST(CustomSummary, StaysSmallHoweverLargeTheDocumentIs) {
  CustomIntegration given = of_document(400, 5'000);
  EXPECT_GT(json_size(given.manifest), 2'000'000u);
  given.summary = custom_summary(given);
  EXPECT_LT(json_size(given.summary), 80'000u);
  const auto actions = summarised_actions(given);
  ASSERT_EQ(actions.size(), 400u);
  EXPECT_EQ(actions[399].endpoint, "/things/399");
  EXPECT_EQ(actions[399].description, "");
  given = of_document(9'000, 5);
  given.summary = custom_summary(given);
  EXPECT_LT(json_size(given.summary), 150'000u);
  EXPECT_EQ(given.summary.at("names").as_array().size(), 9'001u) << "and request";
  EXPECT_TRUE(summarised_actions(given).empty());
}

TEST(CustomSummary, IsOfWhatItIsNow) {
  CustomIntegration given = by_hand();
  EXPECT_FALSE(has_summary(given));
  given.summary = custom_summary(given);
  EXPECT_TRUE(has_summary(given));
  given.updated_at += std::chrono::microseconds{1};
  EXPECT_FALSE(has_summary(given)) << "an older program changed it";
  given.summary = custom_summary(given);
  given.summary.as_object()["version"] = 0;
  EXPECT_FALSE(has_summary(given));
}

TEST(CustomSummary, OfOneThatDoesNotLoad) {
  CustomIntegration given = by_hand();
  given.base_url = "nonsense";
  const Json made = custom_summary(given);
  EXPECT_EQ(member(made, "names"), R"(["Get-Contact"])");
  EXPECT_EQ(member(made, "auth"), "[]");
}

}  // namespace
}  // namespace pilot::providers
