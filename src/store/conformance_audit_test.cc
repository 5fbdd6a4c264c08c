// The audit log: what is written is read back by its user, newest first.
#include "store/store_conformance.h"

namespace pilot::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// Ids sort as their numbers do.
AuditEntry make_entry(int n, const UserId& user = kAda) {
  AuditEntry entry;
  entry.user = user;
  entry.id = fmt::format("00000000-0000-7000-8000-{:012}", n);
  entry.at = kStart + std::chrono::minutes{n};
  entry.caller = "key";
  entry.caller_id = "key-" + std::to_string(n);
  entry.method = "POST";
  entry.route = "/api/keys/{id}";
  entry.status = 403;
  entry.code = "missing_scope";
  entry.address = "192.0.2.7";
  entry.request_id = "req \"1\"";
  entry.acting_for = "carol";
  return entry;
}

std::vector<std::string> callers(const Result<Page<AuditEntry>>& page) {
  std::vector<std::string> list;
  if (!page) return {page.error().code};
  for (const AuditEntry& entry : page->items) list.push_back(entry.caller_id);
  return list;
}

TEST_P(StoreConformance, AuditKeepsEveryColumn) {
  ASSERT_TRUE(wait(store().append_audit({make_entry(1)})));
  const auto page = wait(store().list_audit(kAda, {}));
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 1u);
  const AuditEntry& read = page->items.front();
  const AuditEntry wanted = make_entry(1);
  EXPECT_EQ(read.user, wanted.user);
  EXPECT_EQ(read.id, wanted.id);
  EXPECT_EQ(read.at, wanted.at);
  EXPECT_EQ(read.caller, wanted.caller);
  EXPECT_EQ(read.caller_id, wanted.caller_id);
  EXPECT_EQ(read.method, wanted.method);
  EXPECT_EQ(read.route, wanted.route);
  EXPECT_EQ(read.status, wanted.status);
  EXPECT_EQ(read.code, wanted.code);
  EXPECT_EQ(read.address, wanted.address);
  EXPECT_EQ(read.request_id, wanted.request_id);
  EXPECT_EQ(read.acting_for, wanted.acting_for);
}

TEST_P(StoreConformance, AuditPagesNewestFirstAndOnlyOnesOwn) {
  ASSERT_TRUE(wait(store().append_audit(
      {make_entry(1), make_entry(2, kBob), make_entry(3), make_entry(4, {""})})));
  ASSERT_TRUE(wait(store().append_audit({make_entry(5)})));
  const auto first = wait(store().list_audit(kAda, {.limit = 2, .cursor = {}}));
  EXPECT_THAT(callers(first), ElementsAre("key-5", "key-3"));
  const auto rest = wait(store().list_audit(kAda, {.limit = 2, .cursor = first->next_cursor}));
  EXPECT_THAT(callers(rest), ElementsAre("key-1"));
  EXPECT_EQ(rest->next_cursor, "");
  EXPECT_THAT(callers(wait(store().list_audit({""}, {}))), ElementsAre("key-4"));
  EXPECT_THAT(callers(wait(store().list_audit({"nobody"}, {}))), IsEmpty());
  EXPECT_THAT(callers(wait(store().list_audit(kAda, {.cursor = "!"}))),
              ElementsAre("invalid_cursor"));

  const auto all = wait(store().list_all_audit({.limit = 3, .cursor = {}}));
  EXPECT_THAT(callers(all), ElementsAre("key-5", "key-4", "key-3"));
  EXPECT_THAT(callers(wait(store().list_all_audit({.limit = 3, .cursor = all->next_cursor}))),
              ElementsAre("key-2", "key-1"));
}

TEST_P(StoreConformance, AuditABatchGivenAgainIsThereOnce) {
  ASSERT_TRUE(wait(store().append_audit({make_entry(1), make_entry(2)})));
  ASSERT_TRUE(wait(store().append_audit({make_entry(2), make_entry(3)})));
  EXPECT_THAT(callers(wait(store().list_audit(kAda, {}))), ElementsAre("key-3", "key-2", "key-1"));
  ASSERT_TRUE(wait(store().append_audit({})));
}

TEST_P(StoreConformance, AuditPurgeTakesTheOldAndBoundsWhatIsNobodys) {
  std::vector<AuditEntry> entries;
  for (int i = 0; i < 6; ++i) entries.push_back(make_entry(i));
  for (int i = 6; i < 12; ++i) entries.push_back(make_entry(i, {""}));
  ASSERT_TRUE(wait(store().append_audit(entries)));
  EXPECT_EQ(*wait(store().purge_audit(kStart + 3min, 100, 2)), 2);
  EXPECT_EQ(*wait(store().purge_audit(kStart + 3min, 100, 2)), 1);
  EXPECT_EQ(*wait(store().purge_audit(kStart, 2, 3)), 3);
  EXPECT_EQ(*wait(store().purge_audit(kStart, 2, 3)), 1);
  EXPECT_EQ(*wait(store().purge_audit(kStart, 2, 3)), 0);
  EXPECT_THAT(callers(wait(store().list_all_audit({}))),
              ElementsAre("key-11", "key-10", "key-5", "key-4", "key-3"));
}

}  // namespace
}  // namespace pilot::store
