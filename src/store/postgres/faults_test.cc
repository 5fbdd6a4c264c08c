// What becomes of a write whose connection breaks before, during or after its COMMIT. An answer
// "ok" means that it is there, "nothing was done" that it is not, and only "not known" leaves it
// open.
#include <gmock/gmock.h>

#include "store/postgres/child_under_test.h"
#include "store/postgres/fault_proxy.h"
#include "store/postgres/postgres_under_test.h"

namespace pilot::store::postgres {
namespace {

using testing::HasSubstr;

std::uint16_t port_of(const std::string& url) {
  return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

enum class Told { ok, undone, unknown };

template <class T>
Told told(const Result<T>& result) {
  if (result) return Told::ok;
  EXPECT_EQ(result.error().kind, ErrorKind::unavailable) << result.error().message;
  EXPECT_TRUE(result.error().retry_after);
  if (result.error().message.find("nothing was done") != std::string::npos) return Told::undone;
  EXPECT_THAT(result.error().message, HasSubstr("not known"));
  return Told::unknown;
}

class PostgresFaults : public testing::Test {
 protected:
  PostgresFaults() {
    auto opened = open_postgres({.url = with_port(database_.url(), proxy_.port())}, log_);
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
  }
  bool serves() {
    return eventually([&] { return bool(shard_.wait(store_->check(false))); },
                      std::chrono::seconds{5});
  }
  long count(const std::string& sql, std::vector<std::string> params = {}) {
    return std::stol(ask(direct_, "SELECT (" + sql + ")::text", std::move(params)));
  }

  Database database_;
  FaultProxy proxy_{port_of(cluster_url())};
  Log log_{LogLevel::off};
  Shard shard_;
  Session direct_ = admin(database_.url());
  std::unique_ptr<Store> store_;
};

// One batch of the journal with all its kinds of rows, of two tenants, and beside it a change that
// would count twice if it were done twice.
class CutAnywhere : public PostgresFaults {
 protected:
  void SetUp() override {
    StoredPlan plan;
    plan.user = kAda;
    plan.id = {"plan"};
    plan.created_at = plan.updated_at = kStart;
    ASSERT_TRUE(shard_.wait(store_->create_plan(plan)));
    ASSERT_TRUE(shard_.wait(store_->write({InsertRun{make_run("old")}})));
  }
  std::vector<JournalWrite> batch(int n) {
    const std::string id = fmt::format("run-{}", n);
    pilot::Run old = make_run("old");
    old.revision = n;
    const pilot::Run run = make_run(id);
    return {InsertRun{run}, put(run, make_attempt(run, 1)), InsertRun{make_run(id, kBob)},
            put(old, make_attempt(old, n)), update(old)};
  }
  // All of it, or nothing.
  bool is_there(int n) {
    const std::string id = fmt::format("run-{}", n);
    const long rows = count(
        "(SELECT count(*) FROM runs WHERE id = $1) + (SELECT count(*) FROM execution_logs"
        " WHERE run_id = $1) + (SELECT count(*) FROM execution_logs WHERE run_id = 'old'"
        " AND seq = $2::bigint)",
        {id, std::to_string(n)});
    EXPECT_TRUE(rows == 0 || rows == 4) << rows;
    return rows == 4;
  }
  long version() { return count("SELECT version FROM execution_plans WHERE id = 'plan'"); }

  // Bytes in that direction of what one round says, with connections as each round has them.
  std::size_t bytes(FaultProxy::To to) {
    renew();
    const std::size_t before = proxy_.passed(to);
    round(++made_, {}, to);
    return proxy_.passed(to) - before;
  }
  void renew() {
    proxy_.cut_all();
    ASSERT_TRUE(serves());
  }
  void round(int n, std::optional<std::size_t> cut_after, FaultProxy::To to,
             FaultProxy::How how = FaultProxy::How::close) {
    const long version_before = version();
    StoredPlan plan;
    plan.user = kAda;
    plan.id = {"plan"};
    plan.name = fmt::format("Version {}", n);
    plan.created_at = plan.updated_at = kStart;
    if (cut_after) proxy_.cut_after(to, *cut_after, how);
    const auto written = shard_.start(store_->write(batch(n)));
    const auto changed = shard_.start(store_->update_plan(plan, 0));
    shard_.run();
    proxy_.disarm();
    const Told batch_told = told(written->value());
    const Told plan_told = told(changed->value());
    if (batch_told != Told::unknown) EXPECT_EQ(is_there(n), batch_told == Told::ok) << n;
    if (plan_told != Told::unknown) {
      EXPECT_EQ(version() - version_before, plan_told == Told::ok ? 1 : 0) << n;
    } else {
      EXPECT_LE(version() - version_before, 1) << n;
    }
    ++times_[batch_told];
    if (batch_told != Told::unknown) known_.emplace_back(n, batch_told == Told::ok);
  }
  void sweep(FaultProxy::To to, FaultProxy::How how, std::size_t step) {
    const std::size_t whole = bytes(to);
    ASSERT_GT(whole, 500u);
    for (std::size_t n = 0; n <= whole + step; n += step) {
      renew();
      round(++made_, n, to, how);
    }
    ASSERT_TRUE(serves());
    // Nothing came later.
    for (const auto& [n, there] : known_) EXPECT_EQ(is_there(n), there) << n;
    EXPECT_GT(times_[Told::ok], 0);
    EXPECT_GT(times_[Told::unknown], 0);
    RecordProperty("ok", times_[Told::ok]);
    RecordProperty("unknown", times_[Told::unknown]);
  }

  int made_ = 1;
  std::map<Told, int> times_;
  std::vector<std::pair<int, bool>> known_;
};

TEST_F(CutAnywhere, OnTheWayBack) { sweep(FaultProxy::To::client, FaultProxy::How::close, 11); }
TEST_F(CutAnywhere, OnTheWayThere) { sweep(FaultProxy::To::server, FaultProxy::How::close, 101); }
TEST_F(CutAnywhere, OnTheWayBackByAReset) {
  sweep(FaultProxy::To::client, FaultProxy::How::reset, 53);
}
TEST_F(CutAnywhere, OnTheWayThereByAReset) {
  sweep(FaultProxy::To::server, FaultProxy::How::reset, 499);
}

// The last answer, of the commit alone, is what is missing: the database is asked, and knows.
TEST_F(CutAnywhere, ACommitWhoseAnswerIsLostIsAskedFor) {
  const std::size_t whole = bytes(FaultProxy::To::client);
  renew();
  // ReadyForQuery takes six bytes, COMMIT's "CommandComplete" twelve; the plan's group comes last.
  proxy_.cut_after(FaultProxy::To::client, whole - 10);
  round(++made_, whole - 10, FaultProxy::To::client);
  EXPECT_EQ(times_[Told::unknown], 0);
}

}  // namespace
}  // namespace pilot::store::postgres
