#include "api/audit.h"

#include <gmock/gmock.h>

#include "api/problem.h"
#include "api/test_api.h"
#include "store/faulty_store_for_test.h"

namespace pilot::api {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Route kRead{Method::get, "/api/plans/{id}", Scope::read, "", ""};
const Route kKeys{Method::post, "/api/keys", Scope::admin, "", ""};

Request ask(const Route& route, const UserId& user = {"ada"}) {
  Request request;
  request.method = route.method;
  request.route = &route;
  request.target = "/api/plans/raw-path?token=secret";
  request.id = "req-1";
  request.peer = "192.0.2.7";
  if (!user.empty()) request.caller = {Principal::Kind::key, user, Scopes::all(), "key-1"};
  request.principal = user;
  return request;
}

Response refused(int status) {
  return problem(Error{ErrorKind::permission_denied, "missing_scope", "no", {}}, status);
}

class AuditTrailTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::open_sqlite({.file = ":memory:", .readers = 1, .threads = false}, log_);
    ASSERT_TRUE(opened);
    store_ = std::move(*opened);
    faulty_ = std::make_unique<store::FaultyStore>(*store_);
  }
  void start(AuditOptions options = {}) {
    trail_ = std::make_unique<AuditTrail>(options, *faulty_, clock_, log_, make_seeded_random(1));
  }
  std::vector<store::AuditEntry> written(const UserId& user) {
    run_sync(flush());
    auto page = run_sync(store_->list_audit(user, {.limit = 500, .cursor = {}}));
    return page ? page->items : std::vector<store::AuditEntry>{};
  }
  awaitable<int> flush() {
    co_await trail_->flush();
    co_return 0;
  }

  Log log_{LogLevel::off};
  FakeClock clock_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::FaultyStore> faulty_;
  std::unique_ptr<AuditTrail> trail_;
};

TEST_F(AuditTrailTest, ARefusalSaysWhoWhatAndWhy) {
  start();
  trail_->note(ask(kRead), refused(403));
  const auto rows = written({"ada"});
  ASSERT_EQ(rows.size(), 1u);
  const store::AuditEntry& row = rows.front();
  EXPECT_EQ(row.at, clock_.now());
  EXPECT_EQ(row.caller, "key");
  EXPECT_EQ(row.caller_id, "key-1");
  EXPECT_EQ(row.method, "GET");
  EXPECT_EQ(row.route, "/api/plans/{id}");
  EXPECT_EQ(row.status, 403);
  EXPECT_EQ(row.code, "missing_scope");
  EXPECT_EQ(row.address, "192.0.2.7");
  EXPECT_EQ(row.request_id, "req-1");
  EXPECT_EQ(row.acting_for, "");
}

TEST_F(AuditTrailTest, RefusedAndPrivilegedCallsOnly) {
  start();
  for (const int status : {200, 404, 409, 422, 500, 503}) {
    trail_->note(ask(kRead), refused(status));
  }
  EXPECT_THAT(written({"ada"}), IsEmpty());
  for (const int status : {401, 403, 429}) trail_->note(ask(kRead), refused(status));
  EXPECT_EQ(written({"ada"}).size(), 3u);
  for (const int status : {201, 422, 500}) trail_->note(ask(kKeys), refused(status));
  EXPECT_EQ(written({"ada"}).size(), 6u);
}

TEST_F(AuditTrailTest, ActingForAnotherIsPrivileged) {
  start();
  const Route write{Method::post, "/api/plans", Scope::write, "", ""};
  Request request = ask(write);
  trail_->note(request, json_response(JsonObject{}));
  EXPECT_THAT(written({"ada"}), IsEmpty());
  request.principal = {"bob"};
  trail_->note(request, json_response(JsonObject{}));
  const auto rows = written({"ada"});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows.front().acting_for, "bob");
  EXPECT_THAT(written({"bob"}), IsEmpty());
}

TEST_F(AuditTrailTest, StrangersCannotFillTheDisk) {
  start({.refusals_of_nobody = {.per_second = 1, .burst = 10}});
  for (int i = 0; i < 1'000; ++i) trail_->note(ask(kRead, {""}), refused(401));
  EXPECT_EQ(written({""}).size(), 10u);
  EXPECT_EQ(trail_->dropped(), 990u);
  clock_.advance(3s);
  for (int i = 0; i < 10; ++i) trail_->note(ask(kRead, {""}), refused(401));
  EXPECT_EQ(written({""}).size(), 13u);
  // Somebody known is not crowded out, nor is what is privileged.
  trail_->note(ask(kRead), refused(403));
  trail_->note(ask(kKeys, {"bob"}), json_response(JsonObject{}));
  EXPECT_EQ(written({"ada"}).size(), 1u);
  EXPECT_EQ(written({"bob"}).size(), 1u);
}

TEST_F(AuditTrailTest, ATenantCannotFillItEither) {
  start({.refusals_of_user = {.per_second = 1, .burst = 5}});
  for (int i = 0; i < 100; ++i) trail_->note(ask(kKeys), refused(429));
  for (int i = 0; i < 3; ++i) trail_->note(ask(kKeys), json_response(JsonObject{}, 201));
  EXPECT_EQ(written({"ada"}).size(), 8u);
}

TEST_F(AuditTrailTest, MemoryIsBounded) {
  start({.most_waiting = 20});
  for (int i = 0; i < 50; ++i) trail_->note(ask(kKeys), json_response(JsonObject{}));
  EXPECT_EQ(trail_->dropped(), 30u);
  EXPECT_EQ(written({"ada"}).size(), 20u);
}

TEST_F(AuditTrailTest, ABatchThatCannotBeWrittenIsCounted) {
  start();
  faulty_->fail_at(1, store::FaultyStore::Before);
  trail_->note(ask(kKeys), json_response(JsonObject{}));
  EXPECT_THAT(written({"ada"}), IsEmpty());
  EXPECT_EQ(trail_->dropped(), 1u);
  trail_->note(ask(kKeys), json_response(JsonObject{}));
  EXPECT_EQ(written({"ada"}).size(), 1u);
}

TEST_F(AuditTrailTest, OldRowsGo) {
  start({.kept = Millis{24h}});
  trail_->note(ask(kKeys), json_response(JsonObject{}));
  EXPECT_EQ(written({"ada"}).size(), 1u);
  clock_.advance(25h);
  trail_->note(ask(kKeys), json_response(JsonObject{}));
  const auto rows = written({"ada"});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows.front().at, clock_.now());
}

class AuditRouteTest : public ApiTest {};

TEST_F(AuditRouteTest, TheOperatorSeesAll) {
  store::AuditEntry entry;
  entry.user = {"ada"};
  entry.id = "00000000-0000-7000-8000-000000000001";
  entry.at = clock_.now();
  entry.caller = "key";
  entry.method = "POST";
  entry.route = "/api/keys";
  entry.status = 201;
  store::AuditEntry nobodys = entry;
  nobodys.user = {""};
  nobodys.id = "00000000-0000-7000-8000-000000000002";
  nobodys.code = "unauthenticated";
  ASSERT_TRUE(run_sync(store_->append_audit({entry, nobodys})));
  const Answer first = get("/api/audit?limit=1");
  ASSERT_EQ(first.status, 200) << first.body;
  const JsonArray& entries = find(first.json, "entries")->as_array();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(json_text(entries[0], "code"), "unauthenticated");
  EXPECT_TRUE(find(entries[0], "user_id")->is_null());
  const Answer rest = get("/api/audit?limit=1&cursor=" + json_text(first.json, "next_cursor"));
  EXPECT_EQ(json_text(find(rest.json, "entries")->as_array().at(0), "user_id"), "ada");
  EXPECT_EQ(get("/api/audit?cursor=!").status, 400);
}

}  // namespace
}  // namespace pilot::api
