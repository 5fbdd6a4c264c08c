// D6: the database is stopped as if the power had gone, while many write on two shards. What was
// answered "ok" is there, and once; calls meanwhile say so, and come back later; and it goes on by
// itself.
#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <set>

#include "base/spawn.h"
#include "store/postgres/cluster_under_test.h"
#include "store/postgres/postgres_under_test.h"

namespace pilot::store::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Tally {
  std::set<std::string> ok;                         // runs that were answered so
  std::set<std::string> undone;                     // "nothing was done"
  std::map<std::string, std::array<int, 2>> plans;  // changes: answered ok, not known
  std::vector<std::string> wrong;                   // answers that should not be
};

// Of both shards.
struct Progress {
  std::atomic<int> ok{0};
  std::atomic<int> failed{0};
  std::atomic<bool> stop{false};
};

class Writers {
 public:
  Writers(Store& store, Progress& progress, std::string name)
      : store_(store), progress_(progress), name_(std::move(name)) {}

  void run(int writers) {
    for (int i = 0; i < writers; ++i) {
      spawn(context_.get_executor(), write(fmt::format("{}-{}", name_, i)));
    }
    context_.run();
  }
  const Tally& tally() const { return tally_; }

 private:
  // A run, which is there or not; then a change that would count twice if it were done twice.
  awaitable<void> write(std::string who) {
    const UserId user{who};
    StoredPlan plan;
    plan.user = user;
    plan.id = {who};
    plan.created_at = plan.updated_at = kStart;
    if (!co_await store_.create_plan(plan)) tally_.wrong.push_back(who + ": no plan");
    for (int n = 0; !progress_.stop; ++n) {
      const Run run = make_run(fmt::format("{}-{}", who, n), user);
      const auto written = co_await store_.write({InsertRun{run}, put(run, make_attempt(run, 1))});
      if (written) tally_.ok.insert(run.id.text);
      if (!written && is_undone(written.error())) tally_.undone.insert(run.id.text);
      co_await count(written);

      const Result<int> changed = co_await store_.update_plan(plan, 0);
      auto& changes = tally_.plans[who];
      if (changed) ++changes[0];
      if (!changed && !is_undone(changed.error())) ++changes[1];
      co_await count(changed);
    }
  }
  static bool is_undone(const Error& error) {
    return error.message.find("nothing was done") != std::string::npos;
  }
  template <class T>
  awaitable<void> count(const Result<T>& result) {
    if (result) {
      ++progress_.ok;
      co_return;
    }
    ++progress_.failed;
    const Error& error = result.error();
    if (error.kind != ErrorKind::unavailable || !error.retry_after) {
      tally_.wrong.push_back(error.message);
    }
    boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor, milliseconds{20});
    co_await pause.async_wait(boost::asio::use_awaitable);
  }

  boost::asio::io_context context_{1};
  Store& store_;
  Progress& progress_;
  const std::string name_;
  Tally tally_;
};

TEST(Restart, NothingThatWasAnsweredIsLostOrDoneTwice) {
  Cluster cluster;
  Log log(LogLevel::off);
  auto opened = open_postgres({.url = cluster.url()}, log);
  ASSERT_TRUE(opened) << opened.error().message;
  Progress progress;
  std::list<Writers> shards;
  std::vector<std::thread> threads;
  for (const char* name : {"a", "b"}) {
    Writers& writers = shards.emplace_back(**opened, progress, name);
    threads.emplace_back([&writers] { writers.run(25); });
  }
  for (int round = 0; round < 4; ++round) {
    const int before = progress.ok;
    EXPECT_TRUE(eventually([&] { return progress.ok > before + 300; }));
    cluster.stop(round % 2 == 0 ? SIGQUIT : SIGINT);
    const int failed = progress.failed;
    EXPECT_TRUE(eventually([&] { return progress.failed > failed + 200; }));
    cluster.start();
    const auto back = steady_clock::now();
    const int ok = progress.ok;
    EXPECT_TRUE(eventually([&] { return progress.ok > ok; }));
    EXPECT_LT(steady_clock::now() - back, std::chrono::seconds{5});
  }
  progress.stop = true;
  for (std::thread& thread : threads) thread.join();

  Session session = admin(cluster.url());
  std::istringstream ids(ask(session, "SELECT string_agg(id, ' ') FROM runs"));
  const std::set<std::string> there{std::istream_iterator<std::string>(ids), {}};
  EXPECT_EQ(ask(session, "SELECT count(*)::text FROM runs"), std::to_string(there.size()));
  EXPECT_EQ(ask(session, "SELECT count(*)::text FROM execution_logs"),
            std::to_string(there.size()));
  std::set<std::string> answered;
  for (const Writers& writers : shards) {
    const Tally& tally = writers.tally();
    EXPECT_THAT(tally.wrong, testing::IsEmpty());
    for (const std::string& id : tally.ok) {
      EXPECT_TRUE(there.contains(id)) << id << " was answered and is lost";
      EXPECT_TRUE(answered.insert(id).second);
    }
    for (const std::string& id : tally.undone) {
      EXPECT_FALSE(there.contains(id)) << id << " was said not to be done";
    }
    for (const auto& [plan, changes] : tally.plans) {
      const int version = std::stoi(
          ask(session, "SELECT version::text FROM execution_plans WHERE id = $1", {plan}));
      EXPECT_GE(version, 1 + changes[0]) << plan;
      EXPECT_LE(version, 1 + changes[0] + changes[1]) << plan;
    }
  }
  EXPECT_GT(answered.size(), 600u);
  opened->reset();
}

}  // namespace
}  // namespace pilot::store::postgres
