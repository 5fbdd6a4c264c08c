// Idempotency keys: who has one, what its answer was, when it is free or forgotten.
#include "store/store_conformance.h"

namespace pilot::store {
namespace {

using namespace std::chrono_literals;
using Kind = IdempotencyState::Kind;

IdempotencyKey make_key(const std::string& key = "k1", const UserId& user = kAda,
                        const std::string& route = "POST /api/runs") {
  return {user, route, key};
}

// The n-th request with that key, as the process `node` would send it.
IdempotencyClaim make_claim(IdempotencyKey key, int n, const std::string& hash = "h",
                            const std::string& node = "node-a") {
  IdempotencyClaim claim;
  claim.key = std::move(key);
  claim.request_hash = hash;
  claim.claim = "claim-" + std::to_string(n);
  claim.node = node;
  claim.run = {"run-" + std::to_string(n)};
  claim.now = kStart;
  claim.others_before = kStart - 2min;
  claim.own_before = kStart - 10min;
  claim.forget_before = kStart - 24h;
  return claim;
}

StoredAnswer make_answer() {
  return {.status = 202,
          .content_type = "application/json",
          .headers = {{"Location", "/api/runs/run-1"}, {"X-Odd", "quo\"ted, \xc3\xa9"}},
          .body_kept = true,
          .body = R"({"id":"run-1"})"};
}

// What the store answered, where it must.
IdempotencyState got(const Result<IdempotencyState>& state) {
  EXPECT_TRUE(state) << state.error().message;
  return state ? *state : IdempotencyState{};
}

TEST_P(StoreConformance, IdempotencyTheFirstHasItTheOthersWait) {
  const IdempotencyState first = got(wait(store().begin_idempotent(make_claim(make_key(), 1))));
  EXPECT_EQ(first.kind, Kind::fresh);
  EXPECT_EQ(first.run.text, "run-1");
  const IdempotencyState second = got(wait(store().begin_idempotent(make_claim(make_key(), 2))));
  EXPECT_EQ(second.kind, Kind::in_progress);
  EXPECT_EQ(second.run.text, "run-1");
  EXPECT_EQ(second.node, "node-a");
  EXPECT_EQ(got(wait(store().begin_idempotent(make_claim(make_key(), 3, "other")))).kind,
            Kind::mismatch);
}

TEST_P(StoreConformance, IdempotencyItsAnswerIsKeptAsItWas) {
  got(wait(store().begin_idempotent(make_claim(make_key(), 1))));
  ASSERT_TRUE(wait(store().finish_idempotent(make_key(), "claim-1", make_answer())));
  const IdempotencyState again = got(wait(store().begin_idempotent(make_claim(make_key(), 2))));
  EXPECT_EQ(again.kind, Kind::answered);
  EXPECT_EQ(again.run.text, "run-1");
  EXPECT_EQ(again.answer.status, 202);
  EXPECT_EQ(again.answer.content_type, "application/json");
  EXPECT_EQ(again.answer.headers, make_answer().headers);
  EXPECT_TRUE(again.answer.body_kept);
  EXPECT_EQ(again.answer.body, make_answer().body);
  EXPECT_EQ(got(wait(store().begin_idempotent(make_claim(make_key(), 3, "other")))).kind,
            Kind::mismatch);
}

TEST_P(StoreConformance, IdempotencyAnAnswerWithoutItsBody) {
  got(wait(store().begin_idempotent(make_claim(make_key(), 1))));
  StoredAnswer answer = make_answer();
  answer.body_kept = false;
  answer.body.clear();
  ASSERT_TRUE(wait(store().finish_idempotent(make_key(), "claim-1", answer)));
  EXPECT_FALSE(got(wait(store().begin_idempotent(make_claim(make_key(), 2)))).answer.body_kept);
}

TEST_P(StoreConformance, IdempotencyAFreeKeyKeepsItsRunForTheSameRequestOnly) {
  got(wait(store().begin_idempotent(make_claim(make_key("same"), 1))));
  got(wait(store().begin_idempotent(make_claim(make_key("other"), 1))));
  ASSERT_TRUE(wait(store().release_idempotent(make_key("same"), "claim-1")));
  ASSERT_TRUE(wait(store().release_idempotent(make_key("other"), "claim-1")));
  const IdempotencyState same =
      got(wait(store().begin_idempotent(make_claim(make_key("same"), 2))));
  EXPECT_EQ(same.kind, Kind::taken_over);
  EXPECT_EQ(same.run.text, "run-1");
  const IdempotencyState other =
      got(wait(store().begin_idempotent(make_claim(make_key("other"), 2, "new hash"))));
  EXPECT_EQ(other.kind, Kind::fresh);
  EXPECT_EQ(other.run.text, "run-2");
  EXPECT_EQ(got(wait(store().begin_idempotent(make_claim(make_key("other"), 3)))).kind,
            Kind::mismatch);
}

TEST_P(StoreConformance, IdempotencyWhatADeadProcessLeftIsTakenOver) {
  got(wait(store().begin_idempotent(make_claim(make_key(), 1))));
  IdempotencyClaim later = make_claim(make_key(), 2, "h", "node-b");
  later.now = kStart + 2min;
  later.others_before = kStart;  // not yet: it was made at that very moment
  EXPECT_EQ(got(wait(store().begin_idempotent(later))).kind, Kind::in_progress);
  later.others_before = kStart + 1us;
  later.own_before = kStart - 1h;
  const IdempotencyState taken = got(wait(store().begin_idempotent(later)));
  EXPECT_EQ(taken.kind, Kind::taken_over);
  EXPECT_EQ(taken.run.text, "run-1");

  // The first one was only slow: it changes nothing any more.
  ASSERT_TRUE(wait(store().finish_idempotent(make_key(), "claim-1", make_answer())));
  ASSERT_TRUE(wait(store().release_idempotent(make_key(), "claim-1")));
  IdempotencyClaim third = make_claim(make_key(), 3);
  third.now = kStart + 3min;
  EXPECT_EQ(got(wait(store().begin_idempotent(third))).kind, Kind::in_progress);
  ASSERT_TRUE(wait(store().finish_idempotent(make_key(), "claim-2", make_answer())));
  EXPECT_EQ(got(wait(store().begin_idempotent(third))).kind, Kind::answered);
}

TEST_P(StoreConformance, IdempotencyOnesOwnClaimWaitsLonger) {
  got(wait(store().begin_idempotent(make_claim(make_key(), 1))));
  IdempotencyClaim again = make_claim(make_key(), 2);
  again.others_before = kStart + 1h;
  EXPECT_EQ(got(wait(store().begin_idempotent(again))).kind, Kind::in_progress);
  again.own_before = kStart + 1us;
  EXPECT_EQ(got(wait(store().begin_idempotent(again))).kind, Kind::taken_over);
}

TEST_P(StoreConformance, IdempotencyUsersAndRoutesHaveKeysOfTheirOwn) {
  got(wait(store().begin_idempotent(make_claim(make_key(), 1))));
  ASSERT_TRUE(wait(store().finish_idempotent(make_key(), "claim-1", make_answer())));
  EXPECT_EQ(got(wait(store().begin_idempotent(make_claim(make_key("k1", kBob), 2, "other")))).kind,
            Kind::fresh);
  EXPECT_EQ(
      got(wait(store().begin_idempotent(make_claim(make_key("k1", kAda, "POST /api/plans"), 3))))
          .kind,
      Kind::fresh);
  EXPECT_EQ(got(wait(store().begin_idempotent(make_claim(make_key("K1"), 4)))).kind, Kind::fresh);
  ASSERT_TRUE(wait(store().finish_idempotent(make_key("k1", kBob), "claim-1",
                                             make_answer())));  // ada's claim, bob's key
  EXPECT_EQ(got(wait(store().begin_idempotent(make_claim(make_key("k1", kBob), 5, "other")))).kind,
            Kind::in_progress);
}

TEST_P(StoreConformance, IdempotencyAfterADayItIsForgotten) {
  got(wait(store().begin_idempotent(make_claim(make_key(), 1))));
  ASSERT_TRUE(wait(store().finish_idempotent(make_key(), "claim-1", make_answer())));
  IdempotencyClaim late = make_claim(make_key(), 2, "other");
  late.now = kStart + 25h;
  late.forget_before = kStart + 1us;
  const IdempotencyState fresh = got(wait(store().begin_idempotent(late)));
  EXPECT_EQ(fresh.kind, Kind::fresh);
  EXPECT_EQ(fresh.run.text, "run-2");
  late.forget_before = kStart + 25h;  // counted from the new one
  EXPECT_EQ(got(wait(store().begin_idempotent(late))).kind, Kind::in_progress);
}

TEST_P(StoreConformance, IdempotencyPurgeIsBoundedAndTakesTheOldOnly) {
  for (int i = 0; i < 5; ++i) {
    IdempotencyClaim claim = make_claim(make_key("k" + std::to_string(i)), i, "h", "node-a");
    claim.key.user = i % 2 == 0 ? kAda : kBob;
    claim.now = kStart + std::chrono::minutes{i};
    got(wait(store().begin_idempotent(claim)));
  }
  EXPECT_EQ(*wait(store().purge_idempotency(kStart + 3min, 2)), 2);
  EXPECT_EQ(*wait(store().purge_idempotency(kStart + 3min, 2)), 1);
  EXPECT_EQ(*wait(store().purge_idempotency(kStart + 3min, 2)), 0);
  EXPECT_EQ(got(wait(store().begin_idempotent(make_claim(make_key("k3", kBob), 9)))).kind,
            Kind::in_progress);
  EXPECT_EQ(got(wait(store().begin_idempotent(make_claim(make_key("k0"), 9)))).kind, Kind::fresh);
}

}  // namespace
}  // namespace pilot::store
