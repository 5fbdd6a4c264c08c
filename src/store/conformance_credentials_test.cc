// What the key ring needs of a store: all rows in pages, compare and swap, who needs which key.
#include "store/store_conformance.h"

namespace pilot::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

SealedCredential sealed(const UserId& user, const std::string& type, const std::string& value,
                        const std::string& key_id) {
  SealedCredential row;
  row.user = user;
  row.provider = "http";
  row.type = type;
  row.encrypted_value = value;
  row.key_id = key_id;
  row.created_at = row.updated_at = kStart;
  return row;
}

CredentialKey key_of(const SealedCredential& row) {
  return {row.user, row.provider, row.connection, row.type};
}

std::vector<std::string> usage(const Result<std::vector<KeyUse>>& found) {
  std::vector<std::string> out;
  if (!found) return {found.error().message};
  for (const KeyUse& use : *found) out.push_back(fmt::format("{}={}", use.key_id, use.rows));
  return out;
}

TEST_P(StoreConformance, KeyIdIsKeptAndReplaced) {
  ASSERT_TRUE(wait(store().put_credential(sealed(kAda, "a", "v1", ""))));
  EXPECT_EQ(wait(store().connection_credentials(kAda, "http", "default"))->front().key_id, "");
  ASSERT_TRUE(wait(store().put_credential(sealed(kAda, "a", "v2", "11111111"))));
  EXPECT_EQ(wait(store().connection_credentials(kAda, "http", "default"))->front().key_id,
            "11111111");
  EXPECT_EQ(wait(store().list_credentials(kAda, ""))->front().key_id, "11111111");
}

TEST_P(StoreConformance, SealedRowsOfAllUsersComeInPages) {
  EXPECT_THAT(*wait(store().sealed_page({}, 10)), IsEmpty());
  for (const char* type : {"c", "a", "b"}) {
    ASSERT_TRUE(wait(store().put_credential(sealed(kBob, type, "b-" + std::string(type), "k"))));
    ASSERT_TRUE(wait(store().put_credential(sealed(kAda, type, "a-" + std::string(type), "k"))));
  }
  SealedCredential work = sealed(kAda, "a", "a-work", "k");
  work.connection = "work";
  ASSERT_TRUE(wait(store().put_credential(work)));
  for (const std::int64_t limit : {1, 2, 3, 7, 100}) {
    std::vector<std::string> values;
    CredentialKey after;
    for (;;) {
      const auto page = wait(store().sealed_page(after, limit));
      ASSERT_TRUE(page);
      ASSERT_LE(static_cast<std::int64_t>(page->size()), limit);
      if (page->empty()) break;
      for (const SealedCredential& row : *page) {
        values.push_back(row.encrypted_value);
        EXPECT_EQ(row.key_id, "k");
      }
      after = key_of(page->back());
    }
    EXPECT_THAT(values, ElementsAre("a-a", "a-b", "a-c", "a-work", "b-a", "b-b", "b-c")) << limit;
  }
}

TEST_P(StoreConformance, ResealingIsACompareAndSwap) {
  ASSERT_TRUE(wait(store().put_credential(sealed(kAda, "a", "old", "11111111"))));
  ASSERT_TRUE(wait(store().put_credential(sealed(kAda, "b", "other", "11111111"))));
  ASSERT_TRUE(wait(store().put_credential(sealed(kBob, "a", "old", "11111111"))));
  const CredentialKey a{kAda, "http", "default", "a"};
  const CredentialKey b{kAda, "http", "default", "b"};
  const CredentialKey gone{kAda, "http", "default", "gone"};
  const std::uint64_t before = store().credential_generation();
  EXPECT_EQ(*wait(store().reseal({{a, "old", "new", "22222222"},
                                  {b, "not this", "new", "22222222"},
                                  {gone, "old", "new", "22222222"}})),
            1);
  EXPECT_GT(store().credential_generation(), before);
  const auto rows = *wait(store().connection_credentials(kAda, "http", "default"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].encrypted_value, "new");
  EXPECT_EQ(rows[0].key_id, "22222222");
  EXPECT_EQ(rows[0].updated_at, kStart) << "the value itself is as old as before";
  EXPECT_EQ(rows[1].encrypted_value, "other");
  EXPECT_EQ(rows[1].key_id, "11111111");
  EXPECT_EQ(wait(store().connection_credentials(kBob, "http", "default"))->front().encrypted_value,
            "old");
  EXPECT_EQ(*wait(store().reseal({{a, "old", "newer", "33333333"}})), 0);
  EXPECT_EQ(*wait(store().reseal({})), 0);
}

TEST_P(StoreConformance, KeysAreCountedOverAllUsers) {
  EXPECT_THAT(usage(wait(store().key_usage())), IsEmpty());
  ASSERT_TRUE(wait(store().put_credential(sealed(kAda, "a", "v", "22222222"))));
  ASSERT_TRUE(wait(store().put_credential(sealed(kAda, "b", "v", "11111111"))));
  ASSERT_TRUE(wait(store().put_credential(sealed(kBob, "a", "v", "22222222"))));
  ASSERT_TRUE(wait(store().put_credential(sealed(kBob, "b", "v", ""))));
  EXPECT_THAT(usage(wait(store().key_usage())), ElementsAre("=1", "11111111=1", "22222222=2"));
  ASSERT_TRUE(wait(store().remove_credentials(kAda, "http", "default", "b")));
  EXPECT_THAT(usage(wait(store().key_usage())), ElementsAre("=1", "22222222=2"));
}

}  // namespace
}  // namespace pilot::store
