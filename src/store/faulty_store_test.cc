#include "store/faulty_store_for_test.h"

#include "base/log.h"
#include "store/preview.h"
#include "store/store_conformance.h"

namespace pilot::store {
namespace {

class FaultyStoreTest : public testing::Test {
 protected:
  using Run = pilot::Run;  // testing::Test has a member of this name
  FaultyStoreTest() {
    auto opened = open_sqlite({.file = ":memory:", .threads = false}, log_);
    inner_ = std::move(*opened);
  }
  Result<WriteReport> write(Store& store, const std::string& id) {
    std::vector<JournalWrite> batch{InsertRun{make_run(id)}};
    return shard_.wait(store.write(std::move(batch)));
  }
  bool stored(const std::string& id) {
    return shard_.wait(inner_->find_run(kAda, {id})).has_value();
  }

  Log log_{LogLevel::off};
  std::unique_ptr<Store> inner_;
  Shard shard_;
};

TEST_F(FaultyStoreTest, WithoutFaultsItOnlyCounts) {
  FaultyStore store(*inner_);
  EXPECT_TRUE(write(store, "a"));
  EXPECT_TRUE(shard_.wait(store.find_run(kAda, {"a"})));
  EXPECT_EQ(store.calls(), 2);
}

TEST_F(FaultyStoreTest, FaultBeforeAndAfterFailOnce) {
  FaultyStore store(*inner_);
  store.fail_at(2, FaultyStore::Before);
  EXPECT_TRUE(write(store, "a"));
  const auto before = write(store, "b");
  ASSERT_FALSE(before);
  EXPECT_EQ(before.error().code, "injected_fault");
  EXPECT_FALSE(stored("b"));
  EXPECT_TRUE(write(store, "b"));

  store.fail_at(4, FaultyStore::After);
  EXPECT_FALSE(write(store, "c"));
  EXPECT_TRUE(stored("c"));
  EXPECT_FALSE(store.crashed());
}

TEST_F(FaultyStoreTest, AfterACrashNothingWorksAndTheInnerStoreGoesOn) {
  for (const auto when : {FaultyStore::Before, FaultyStore::After}) {
    FaultyStore store(*inner_);
    const std::string id = when == FaultyStore::Before ? "before" : "after";
    store.crash_at(1, when);
    EXPECT_EQ(write(store, id).error().code, "crashed");
    EXPECT_TRUE(store.crashed());
    EXPECT_EQ(stored(id), when == FaultyStore::After);
    EXPECT_EQ(write(store, "later").error().code, "crashed");
    EXPECT_EQ(shard_.wait(store.count_open({})).error().code, "crashed");
    EXPECT_FALSE(stored("later"));
  }
}

TEST(PreviewTest, IsTheFirstCharactersOfTheText) {
  EXPECT_EQ(output_preview(nullptr), "");
  EXPECT_EQ(output_preview("plain \"text\""), "plain \"text\"");
  EXPECT_EQ(output_preview(JsonObject{{"a", JsonArray{1, "b"}}}), R"({"a":[1,"b"]})");
  std::string smileys;
  for (int i = 0; i < 600; ++i) smileys += "\xF0\x9F\x98\x80";
  EXPECT_EQ(output_preview(Json(smileys)).size(), 500u * 4);
}

}  // namespace
}  // namespace pilot::store
