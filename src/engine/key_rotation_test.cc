// Rotation over a real store: stopped anywhere, beside writes, with rows of the old service.
#include "engine/key_rotation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/log.h"
#include "base/run_here.h"
#include "store/faulty_store_for_test.h"
#include "vault/key_folder.h"

namespace pilot::engine {
namespace {

constexpr WallTime kNow{std::chrono::seconds{1'800'000'000}};
constexpr int kRows = 1'234;  // three pages

class KeyRotation : public testing::Test {
 protected:
  void SetUp() override {
    store_ = std::move(*store::open_sqlite({.file = ":memory:", .threads = false}, log_));
    folder_.write(vault::testing::lines({vault::testing::kKeyA}));
    holder_ = std::make_unique<vault::KeyHolder>(
        std::move(vault::KeyRing::read(folder_.file())).value(),
        vault::KeySource{.variable = {}, .text = nullptr, .file = folder_.file()});
  }
  template <class T>
  T wait(boost::asio::awaitable<T> call) {
    return run_here(io_, std::move(call));
  }
  std::string name(int i) const { return fmt::format("type-{:05}", i); }
  void put(int i, const std::string& value, bool named = true) {
    const vault::Sealed sealed = holder_->ring()->seal(value, kNow, *random_);
    ASSERT_TRUE(wait(store_->put_credential({.user = {"user-" + std::to_string(i % 7)},
                                             .provider = "http",
                                             .connection = "default",
                                             .type = name(i),
                                             .encrypted_value = sealed.token,
                                             .key_id = named ? sealed.key_id : "",
                                             .expires_at = {},
                                             .created_at = kNow,
                                             .updated_at = kNow})));
  }
  void put_all() {
    for (int i = 0; i < kRows; ++i) put(i, "secret " + std::to_string(i), i % 3 != 0);
  }
  // What a server reads, with the ring as it is now.
  std::string value(int i) {
    const auto rows =
        wait(store_->connection_credentials({"user-" + std::to_string(i % 7)}, "http", "default"));
    for (const auto& row : *rows) {
      if (row.type != name(i)) continue;
      const Result<Secret> opened = holder_->open(row.encrypted_value, row.key_id);
      return opened ? std::string(opened->reveal()) : opened.error().code;
    }
    return "gone";
  }
  void expect_all_readable() {
    for (int i = 0; i < kRows; i += 61) EXPECT_EQ(value(i), "secret " + std::to_string(i));
  }
  Resealed total(store::Store& store) {
    Resealed all;
    std::optional<store::CredentialKey> after = store::CredentialKey{};
    while (after) {
      const auto page = wait(reseal_page(store, *holder_, *after, kNow, *random_));
      EXPECT_TRUE(page) << page.error().message;
      if (!page) break;
      EXPECT_LE(page->seen, kResealPage);
      all.seen += page->seen;
      all.changed += page->changed;
      all.unreadable += page->unreadable;
      after = page->next;
    }
    return all;
  }
  std::int64_t need(const std::string& id) { return *wait(rows_that_need(*store_, *holder_, id)); }

  Log log_{LogLevel::off};
  boost::asio::io_context io_;
  vault::testing::KeyFolder folder_;
  std::unique_ptr<Random> random_ = make_seeded_random(3);
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<vault::KeyHolder> holder_;
};

TEST_F(KeyRotation, SealsAllAnewAndThenTheOldKeyCanGo) {
  put_all();
  const std::string old = holder_->ring()->first().id;
  EXPECT_EQ(need(old), kRows) << "those that name it and those that it opens";
  const std::string fresh = *holder_->add_key(kNow, *random_);
  expect_all_readable();
  const Resealed all = total(*store_);
  EXPECT_EQ(all.seen, kRows);
  EXPECT_EQ(all.changed, kRows);
  EXPECT_EQ(all.unreadable, 0);
  EXPECT_EQ(need(old), 0);
  EXPECT_EQ(need(fresh), kRows);
  ASSERT_TRUE(holder_->drop_key(old));
  expect_all_readable();
  EXPECT_EQ(total(*store_).changed, 0);
}

TEST_F(KeyRotation, StoppedAtAnyWriteEverythingIsReadableAndItGoesOn) {
  for (const auto when : {store::FaultyStore::Before, store::FaultyStore::After}) {
    put_all();
    const std::string old = holder_->ring()->first().id;
    for (std::int64_t call = 1; call <= 6; ++call) {
      store::FaultyStore dying(*store_);
      dying.crash_at(call, when);
      ASSERT_TRUE(holder_->add_key(kNow, *random_));
      std::optional<store::CredentialKey> after = store::CredentialKey{};
      while (after) {
        const auto page = wait(reseal_page(dying, *holder_, *after, kNow, *random_));
        after = page ? page->next : std::nullopt;
      }
      ASSERT_TRUE(dying.crashed()) << "call " << call << " was never made";
      // The next process has the ring from the file and nothing from memory.
      holder_ = std::make_unique<vault::KeyHolder>(
          std::move(vault::KeyRing::read(folder_.file())).value(),
          vault::KeySource{.variable = {}, .text = nullptr, .file = folder_.file()});
      expect_all_readable();
    }
    const Resealed rest = total(*store_);
    EXPECT_EQ(rest.seen, kRows);
    EXPECT_EQ(rest.unreadable, 0);
    EXPECT_EQ(need(old), 0);
    expect_all_readable();
  }
}

TEST_F(KeyRotation, AValueThatIsStoredMeanwhileWins) {
  put(1, "before");
  const auto page = wait(store_->sealed_page({}, 10));
  ASSERT_EQ(page->size(), 1u);
  ASSERT_TRUE(holder_->add_key(kNow, *random_));
  put(1, "after");
  const vault::Sealed stale = holder_->ring()->seal("before", kNow, *random_);
  const store::SealedCredential& row = page->front();
  EXPECT_EQ(*wait(store_->reseal({{{row.user, row.provider, row.connection, row.type},
                                   row.encrypted_value,
                                   stale.token,
                                   stale.key_id}})),
            0);
  EXPECT_EQ(value(1), "after");
}

TEST_F(KeyRotation, ADamagedValueIsCountedAndStays) {
  put(1, "one");
  put(2, "two");
  auto rows = *wait(store_->sealed_page({}, 10));
  rows[0].encrypted_value[40] = rows[0].encrypted_value[40] == 'A' ? 'B' : 'A';
  ASSERT_TRUE(wait(store_->put_credential(rows[0])));
  const std::string old = holder_->ring()->first().id;
  ASSERT_TRUE(holder_->add_key(kNow, *random_));
  const Resealed all = total(*store_);
  EXPECT_EQ(all.changed, 1);
  EXPECT_EQ(all.unreadable, 1);
  EXPECT_EQ(need(old), 1) << "its key must stay";
  EXPECT_EQ(value(1), "credential_unreadable");
  EXPECT_EQ(value(2), "two");
}

}  // namespace
}  // namespace pilot::engine
