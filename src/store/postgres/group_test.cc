// Several calls in one transaction (group commit): one that cannot be done fails alone.
#include <gmock/gmock.h>

#include "store/postgres/postgres_under_test.h"

namespace pilot::store::postgres {
namespace {

using testing::ElementsAre;

class Group : public testing::Test {
 protected:
  // While the first is on its way the others gather; they are sent as one.
  template <class... Calls>
  void together(Calls... calls) {
    first_ = shard_.start(under_test_.store().check(false));
    (calls(), ...);
    shard_.run();
    ASSERT_TRUE(first_->value());
  }
  StoredPlan plan(const std::string& id, Json document) {
    StoredPlan plan;
    plan.user = kAda;
    plan.id = {id};
    plan.document = std::move(document);
    plan.created_at = plan.updated_at = kStart;
    return plan;
  }
  // In how many transactions these runs were written.
  std::string transactions() {
    Session session = admin(under_test_.url());
    return ask(session, "SELECT count(DISTINCT xmin::text)::text FROM runs");
  }

  Shard shard_;
  PostgresUnderTest under_test_;
  std::shared_ptr<std::optional<Result<StoreHealth>>> first_;
};

TEST_F(Group, CallsThatComeTogetherAreOneTransaction) {
  std::vector<std::shared_ptr<std::optional<Result<WriteReport>>>> written;
  together([&] {
    for (int i = 0; i < 20; ++i) {
      const UserId user{fmt::format("user-{}", i % 3)};
      written.push_back(shard_.start(
          under_test_.store().write({InsertRun{make_run(fmt::format("r{}", i), user)}})));
    }
  });
  for (const auto& one : written) EXPECT_TRUE(one->value());
  EXPECT_EQ(transactions(), "1");
}

TEST_F(Group, ABadOneFailsAlone) {
  Store& store = under_test_.store();
  ASSERT_TRUE(shard_.wait(store.write({InsertRun{make_run("r7")}})));
  std::vector<std::shared_ptr<std::optional<Result<WriteReport>>>> written;
  std::vector<std::shared_ptr<std::optional<Status>>> plans;
  together([&] {
    for (int i = 0; i < 20; ++i) {
      written.push_back(shard_.start(store.write({InsertRun{make_run(fmt::format("r{}", i))}})));
    }
    // jsonb has no U+0000.
    plans.push_back(shard_.start(store.create_plan(plan("bad", Json(std::string_view("\0", 1))))));
    plans.push_back(shard_.start(store.create_plan(plan("good", JsonObject{{"a", 1}}))));
    plans.push_back(shard_.start(store.create_plan(plan("good", JsonObject{{"a", 2}}))));
  });
  for (std::size_t i = 0; i < written.size(); ++i) {
    const Result<WriteReport>& one = written[i]->value();
    EXPECT_EQ(one.has_value(), i != 7) << i;
    if (!one) EXPECT_EQ(one.error().code, "duplicate_id");
  }
  ASSERT_FALSE(plans[0]->value());
  EXPECT_EQ(plans[0]->value().error().code, "nul_in_text");
  EXPECT_TRUE(plans[1]->value());
  ASSERT_FALSE(plans[2]->value());
  EXPECT_EQ(plans[2]->value().error().code, "duplicate_id");
  // The one that came first is the one that is there.
  const auto good = shard_.wait(store.find_plan(kAda, {"good"}));
  ASSERT_TRUE(good);
  EXPECT_EQ(to_json(good->document), R"({"a":1})");
  EXPECT_EQ(std::stoi(transactions()) > 2, true);
  EXPECT_TRUE(shard_.wait(store.check(false)));
}

TEST_F(Group, AllOfThemBadFailEachForItself) {
  Store& store = under_test_.store();
  ASSERT_TRUE(shard_.wait(store.write({InsertRun{make_run("r")}})));
  std::vector<std::shared_ptr<std::optional<Result<WriteReport>>>> written;
  together([&] {
    for (int i = 0; i < 9; ++i) {
      written.push_back(shard_.start(store.write({InsertRun{make_run("r")}})));
    }
  });
  for (const auto& one : written) {
    ASSERT_FALSE(one->value());
    EXPECT_EQ(one->value().error().code, "duplicate_id");
  }
}

}  // namespace
}  // namespace pilot::store::postgres
