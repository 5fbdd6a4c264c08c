// The key file when a key is added or taken out, and who may be able to write where it is.
#include <gmock/gmock.h>

#include <thread>

#include "vault/key_folder.h"
#include "vault/key_ring.h"

namespace pilot::vault::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr WallTime kNow{std::chrono::seconds{1'800'000'000}};

class KeyFile : public ::testing::Test {
 protected:
  std::vector<std::string> ids() const {
    std::vector<std::string> out;
    const Result<KeyRing> ring = KeyRing::read(folder_.file());
    EXPECT_TRUE(ring) << ring.error().message;
    if (ring) {
      for (const KeyRing::Entry& key : ring->keys()) out.push_back(key.id);
    }
    return out;
  }
  const std::string a_ = FernetKey::parse(kKeyA)->id();
  const std::string b_ = FernetKey::parse(kKeyB)->id();
  KeyFolder folder_;
  std::unique_ptr<Random> random_ = make_seeded_random(23);
};

TEST_F(KeyFile, AnIdSaysWhichKeyAndNothingElse) {
  EXPECT_EQ(a_.size(), 8u);
  EXPECT_NE(a_, b_);
  EXPECT_EQ(FernetKey::parse(kKeyA)->id(), a_);
  EXPECT_EQ(std::string(kKeyA).find(a_), std::string::npos);
}

TEST_F(KeyFile, ANewKeyComesFirstAndTheOldOnesStayAsTheyWere) {
  folder_.write(lines({"# of the old service", kKeyA}));
  const std::string before = folder_.content();
  const Result<KeyRing> ring = KeyRing::add_key(folder_.file(), kNow, *random_);
  ASSERT_TRUE(ring) << ring.error().message;
  ASSERT_EQ(ring->size(), 2u);
  EXPECT_EQ(ring->keys()[1].id, a_);
  EXPECT_EQ(ring->first().made, kNow);
  EXPECT_EQ(ring->keys()[1].made, std::nullopt);
  EXPECT_TRUE(folder_.content().ends_with(before));
  EXPECT_EQ(KeyFolder::mode_of(folder_.file()), 0600u);
  EXPECT_EQ(ids(), (std::vector{ring->first().id, a_}));
  EXPECT_FALSE(std::filesystem::exists(folder_.file().string() + ".new"));
}

TEST_F(KeyFile, WhatWasLeftByAProcessThatWasKilledIsNoObstacle) {
  folder_.write(lines({kKeyA}));
  std::ofstream{folder_.file().string() + ".new"} << "half a ke";
  ASSERT_TRUE(KeyRing::add_key(folder_.file(), kNow, *random_));
  EXPECT_EQ(ids().size(), 2u);
}

TEST_F(KeyFile, AKeyIsTakenOutWithItsComment) {
  folder_.write(lines({kKeyA, "# kept"}));
  const std::string first = KeyRing::add_key(folder_.file(), kNow, *random_)->first().id;
  const std::string second = KeyRing::add_key(folder_.file(), kNow, *random_)->first().id;
  const Result<KeyRing> left = KeyRing::drop_key(folder_.file(), first);
  ASSERT_TRUE(left) << left.error().message;
  EXPECT_EQ(ids(), (std::vector{second, a_}));
  const std::string content = folder_.content();
  EXPECT_THAT(content, HasSubstr("# kept"));
  EXPECT_EQ(content.find("# made"), content.rfind("# made"));
  ASSERT_TRUE(KeyRing::drop_key(folder_.file(), a_));
  EXPECT_EQ(ids(), std::vector{second});
}

TEST_F(KeyFile, TheFirstAndUnknownKeysAreNotTakenOut) {
  folder_.write(lines({kKeyA, kKeyB}));
  const std::string before = folder_.content();
  EXPECT_EQ(KeyRing::drop_key(folder_.file(), a_).error().code, "key_in_use");
  EXPECT_EQ(KeyRing::drop_key(folder_.file(), "00000000").error().code, "key_not_found");
  EXPECT_EQ(folder_.content(), before);
}

TEST_F(KeyFile, ABrokenFileIsNotTouched) {
  for (const std::string& text : {std::string("garbage\n"), lines({kKeyA, kKeyA})}) {
    folder_.write(text);
    EXPECT_FALSE(KeyRing::add_key(folder_.file(), kNow, *random_));
    EXPECT_EQ(folder_.content(), text);
  }
  folder_.write(lines({kKeyA}), 0644);
  EXPECT_EQ(KeyRing::add_key(folder_.file(), kNow, *random_).error().code, "key_file_exposed");
  std::filesystem::remove(folder_.file());
  EXPECT_EQ(KeyRing::add_key(folder_.file(), kNow, *random_).error().code, "key_file_missing");
}

TEST_F(KeyFile, BehindALinkTheFileIsReplacedAndNotTheLink) {
  const std::filesystem::path target = folder_.path() / "real.key";
  folder_.write(lines({kKeyA}));
  std::filesystem::rename(folder_.file(), target);
  std::filesystem::create_symlink(target, folder_.file());
  ASSERT_TRUE(KeyRing::add_key(folder_.file(), kNow, *random_));
  EXPECT_TRUE(std::filesystem::is_symlink(folder_.file()));
  EXPECT_EQ(KeyRing::read(target)->size(), 2u);
}

TEST_F(KeyFile, AFolderThatOthersCanWriteIsRefused) {
  folder_.write(lines({kKeyA}));
  for (const mode_t mode : {0770u, 0707u, 0777u}) {
    ASSERT_EQ(::chmod(folder_.path().c_str(), mode), 0);
    const Result<KeyRing> ring = KeyRing::read(folder_.file());
    ASSERT_FALSE(ring) << std::oct << mode;
    EXPECT_EQ(ring.error().code, "key_file_exposed");
    EXPECT_THAT(ring.error().message, HasSubstr("chmod go-w \"" + folder_.path().string()));
  }
  for (const mode_t mode : {0700u, 0755u, 01777u}) {
    ASSERT_EQ(::chmod(folder_.path().c_str(), mode), 0);
    EXPECT_TRUE(KeyRing::read(folder_.file())) << std::oct << mode;
  }
}

TEST_F(KeyFile, TheSameKeyTwiceIsNamedAndNotShown) {
  const Result<KeyRing> ring = KeyRing::parse(lines({kKeyA, kKeyB, "", kKeyA}));
  ASSERT_FALSE(ring);
  EXPECT_EQ(ring.error().code, "key_twice");
  EXPECT_EQ(ring.error().pointer, "line 4");
  EXPECT_THAT(ring.error().message, Not(HasSubstr("cw_0x")));
}

// Of two processes that rotate at once, neither may lose the key of the other: rows are sealed
// with both.
TEST_F(KeyFile, KeysThatAreAddedAtOnceAreAllThere) {
  folder_.write(lines({kKeyA}));
  constexpr int kEach = 20;
  const auto add = [this](std::uint64_t seed) {
    const auto random = make_seeded_random(seed);
    for (int i = 0; i < kEach; ++i) EXPECT_TRUE(KeyRing::add_key(folder_.file(), kNow, *random));
  };
  std::thread other(add, 1);
  add(2);
  other.join();
  EXPECT_EQ(ids().size(), 2u * kEach + 1);
}

}  // namespace
}  // namespace pilot::vault::testing
