// Where the keys come from, and that a new ring is seen at once.
#include "vault/key_holder.h"

#include <gmock/gmock.h>

#include "vault/key_folder.h"

namespace pilot::vault::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr WallTime kNow{std::chrono::seconds{1'800'000'000}};

class KeySources : public ::testing::Test {
 protected:
  void SetUp() override { clear(); }
  void TearDown() override { clear(); }
  static void clear() {
    ::unsetenv("PILOT_ENCRYPTION_KEYS");
    ::unsetenv("PILOT_ENCRYPTION_KEY");
  }
  static Result<KeyRing> ring(const char* name, const std::string& value) {
    ::setenv(name, value.c_str(), 1);
    const Result<KeySource> source = take_key_source();
    EXPECT_EQ(std::getenv(name), nullptr);
    if (!source) return source.error();
    EXPECT_EQ(source->variable, name);
    return read_keys(*source);
  }
};

TEST_F(KeySources, SeveralByCommasOrLines) {
  const std::string a{kKeyA}, b{kKeyB};
  for (const std::string& text :
       {a + "," + b, a + "\n" + b, " " + a + " ,\n " + b + " \n", a + ",\r\n" + b + ",\r\n"}) {
    const Result<KeyRing> read = ring("PILOT_ENCRYPTION_KEYS", text);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 2u);
    EXPECT_EQ(read->first().id, FernetKey::parse(kKeyA)->id());
  }
}

TEST_F(KeySources, TheOldServicesVariableHoldsOne) {
  EXPECT_EQ(ring("PILOT_ENCRYPTION_KEY", std::string(kKeyA) + "\n")->size(), 1u);
  const auto two = ring("PILOT_ENCRYPTION_KEY", std::string(kKeyA) + "," + std::string(kKeyB));
  ASSERT_FALSE(two);
  EXPECT_EQ(two.error().code, "invalid_key");
  EXPECT_THAT(two.error().message, HasSubstr("PILOT_ENCRYPTION_KEYS"));
}

TEST_F(KeySources, FaultsAreNamedByVariableAndPlaceAndNeverShown) {
  const std::string a{kKeyA};
  struct Case {
    std::string text;
    const char* code;
    const char* place;
  };
  for (const Case& one :
       std::vector<Case>{{a + "," + a.substr(0, 43), "invalid_key", "key 2"},
                         {a.substr(0, 30), "invalid_key", "key 1"},
                         {a + "x", "invalid_key", "key 1"},
                         {a.substr(0, 43) + "*", "invalid_key", "key 1"},
                         {a.substr(0, 20) + "\n" + a.substr(20), "invalid_key", ""},
                         {a.substr(0, 20) + " " + a.substr(21), "invalid_key", ""},
                         {a + "," + a, "key_twice", "key 2"},
                         {" , \n", "no_key", ""}}) {
    const Result<KeyRing> read = ring("PILOT_ENCRYPTION_KEYS", one.text);
    ASSERT_FALSE(read) << one.place;
    EXPECT_EQ(read.error().code, one.code);
    EXPECT_THAT(read.error().message, HasSubstr(one.place));
    EXPECT_THAT(read.error().message, HasSubstr("PILOT_ENCRYPTION_KEYS"));
    EXPECT_THAT(read.error().message, Not(HasSubstr(a.substr(0, 6))));
  }
}

TEST_F(KeySources, WithoutAVariableItIsTheFile) {
  EXPECT_TRUE(take_key_source()->is_file());
  ::setenv("PILOT_ENCRYPTION_KEYS", "", 1);
  EXPECT_TRUE(take_key_source()->is_file());
  ::setenv("PILOT_ENCRYPTION_KEYS", std::string(kKeyA).c_str(), 1);
  ::setenv("PILOT_ENCRYPTION_KEY", std::string(kKeyB).c_str(), 1);
  EXPECT_EQ(take_key_source().error().code, "two_key_variables");
}

class KeyHolders : public ::testing::Test {
 protected:
  void SetUp() override { folder_.write(lines({kKeyA})); }
  std::unique_ptr<KeyHolder> holder() const {
    return std::make_unique<KeyHolder>(std::move(KeyRing::read(folder_.file())).value(),
                                       KeySource{.file = folder_.file()});
  }
  KeyFolder folder_;
  std::unique_ptr<Random> random_ = make_seeded_random(31);
};

TEST_F(KeyHolders, ANewKeySealsAtOnceAndTheOldStillOpens) {
  const auto keys = holder();
  const auto snapshot = keys->ring();
  const Sealed old = snapshot->seal("old", kNow, *random_);
  const Result<std::string> id = keys->add_key(kNow, *random_);
  ASSERT_TRUE(id) << id.error().message;
  const Sealed fresh = keys->ring()->seal("new", kNow, *random_);
  EXPECT_EQ(fresh.key_id, *id);
  EXPECT_NE(fresh.key_id, old.key_id);
  EXPECT_EQ(keys->open(old.token, old.key_id)->reveal(), "old");
  EXPECT_EQ(keys->open(fresh.token, fresh.key_id)->reveal(), "new");
  EXPECT_EQ(keys->open(old.token)->reveal(), "old");
  EXPECT_EQ(snapshot->size(), 1u) << "whoever reads the old ring is not disturbed";

  ASSERT_TRUE(keys->drop_key(old.key_id));
  EXPECT_EQ(keys->open(old.token, old.key_id).error().code, "credential_unreadable");
}

TEST_F(KeyHolders, AKeyThatAnotherProcessAddedIsFoundWhenItIsNeeded) {
  const auto mine = holder();
  const auto other = holder();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(other->add_key(kNow, *random_));
    const Sealed sealed = other->ring()->seal("x", kNow, *random_);
    EXPECT_EQ(mine->open(sealed.token, sealed.key_id)->reveal(), "x");
  }
  EXPECT_EQ(mine->ring()->size(), 4u);
}

TEST_F(KeyHolders, ABrokenFileDoesNotTakeAwayWhatIsThere) {
  const auto keys = holder();
  const Sealed sealed = keys->ring()->seal("x", kNow, *random_);
  folder_.write("garbage");
  EXPECT_EQ(keys->open(sealed.token, "00000000")->reveal(), "x");
  EXPECT_EQ(keys->open("gAAAAA", "00000000").error().code, "credential_unreadable");
  EXPECT_EQ(keys->open(sealed.token, sealed.key_id)->reveal(), "x");
}

TEST_F(KeyHolders, WhatIsWrongWithAValueIsSaid) {
  const auto keys = holder();
  Sealed sealed = keys->ring()->seal("x", kNow, *random_);
  sealed.token[40] = sealed.token[40] == 'A' ? 'B' : 'A';
  EXPECT_THAT(keys->open(sealed.token, sealed.key_id).error().message, HasSubstr("damaged"));
  EXPECT_THAT(keys->open(sealed.token, "01234567").error().message, HasSubstr("key 01234567"));
}

TEST_F(KeyHolders, KeysOfTheEnvironmentAreChangedThere) {
  KeyHolder keys(std::move(KeyRing::parse(kKeyA)).value(),
                 {.variable = "PILOT_ENCRYPTION_KEYS", .text = nullptr, .file = {}});
  const auto added = keys.add_key(kNow, *random_);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, "keys_in_environment");
  EXPECT_THAT(added.error().message, HasSubstr("PILOT_ENCRYPTION_KEYS"));
  EXPECT_EQ(keys.drop_key("01234567").error().code, "keys_in_environment");
}

}  // namespace
}  // namespace pilot::vault::testing
