// The database is away, or there and silent: calls are answered, none waits for ever, and all goes
// on by itself.
#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>

#include "store/postgres/fault_proxy.h"
#include "store/postgres/pgbouncer_under_test.h"

namespace pilot::store::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

std::uint16_t port_of(const std::string& url) {
  return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

class Away : public testing::Test {
 protected:
  void open(const PostgresOptions& given = {}, const std::string& more = {}) {
    PostgresOptions options = given;
    options.url = with_port(database_.url(), proxy_.port()) + more;
    auto opened = open_postgres(options, log_);
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
    ASSERT_TRUE(serves());
  }
  bool serves() {
    return eventually([&] { return shard_.wait(store_->check(false)).has_value(); });
  }
  static void expect_away(const Result<StoreHealth>& health) {
    ASSERT_FALSE(health);
    EXPECT_EQ(health.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(health.error().code, "database_away");
    EXPECT_TRUE(health.error().retry_after);
  }

  Database database_;
  FaultProxy proxy_{port_of(cluster_url())};
  Log log_{LogLevel::off};
  Shard shard_;
  std::unique_ptr<Store> store_;
};

TEST_F(Away, CallsFailAtOnceAndItServesWhenTheDatabaseIsBack) {
  open();
  proxy_.refuse(true);
  proxy_.cut_all();
  for (int i = 0; i < 100; ++i) {
    const auto begin = steady_clock::now();
    expect_away(shard_.wait(store_->check(false)));
    EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds{1});
  }
  proxy_.refuse(false);
  const auto begin = steady_clock::now();
  EXPECT_TRUE(serves());
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds{5});
}

// Nobody says that the connection is gone: what waits for an answer is told after the silence.
TEST_F(Away, AHalfOpenConnectionIsGivenUp) {
  open({.silence = milliseconds{300}});
  proxy_.cut_all(FaultProxy::How::silence);
  const auto begin = steady_clock::now();
  const auto written = shard_.start(store_->write({InsertRun{make_run("r1")}}));
  const auto found = shard_.start(store_->find_run(kAda, {"none"}));
  shard_.run();
  EXPECT_GE(steady_clock::now() - begin, milliseconds{300});
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds{5});
  // The write may be on its way somewhere; the read was done again on a new connection.
  ASSERT_FALSE(written->value());
  EXPECT_THAT(written->value().error().message, HasSubstr("not known"));
  EXPECT_EQ(found->value().error().kind, ErrorKind::not_found);
  EXPECT_TRUE(serves());
}

// A server, or a pooler, that takes connections and then says nothing, at whatever moment.
TEST_F(Away, AServerThatIsSilentWhileAConnectionIsMadeIsGivenUp) {
  open({.silence = milliseconds{300}}, "?connect_timeout=2");
  proxy_.cut_all();
  const std::size_t before = proxy_.passed(FaultProxy::To::client);
  ASSERT_TRUE(serves());
  const std::size_t whole = proxy_.passed(FaultProxy::To::client) - before;
  int away = 0;
  for (std::size_t n = whole / 2; n <= whole; n += whole / 16) {
    proxy_.cut_all();
    proxy_.cut_after(FaultProxy::To::client, n, FaultProxy::How::silence);
    const auto begin = steady_clock::now();
    if (!shard_.wait(store_->check(false))) ++away;
    EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds{5}) << n;
    proxy_.disarm();
    EXPECT_TRUE(serves()) << n;
  }
  EXPECT_GT(away, 0);
}

// Six who wait for a connection to a server that does not answer do not wait six times as long.
TEST_F(Away, OneAttemptThatFailsAnswersAllWhoWait) {
  open({}, "?connect_timeout=2");
  proxy_.hold(true);
  const auto begin = steady_clock::now();
  std::list<Shard> shards(6);
  std::vector<std::shared_ptr<std::optional<Result<pilot::Run>>>> found;
  std::vector<std::thread> threads;
  for (Shard& shard : shards) {
    found.push_back(shard.start(store_->find_run(kAda, {"none"})));
    threads.emplace_back([&shard] { shard.run(); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds{5});
  for (const auto& one : found) EXPECT_EQ(one->value().error().code, "database_away");
  proxy_.hold(false);
  EXPECT_TRUE(serves());
  store_.reset();  // before the shards
}

// Between two parts of a segment a pooler may give the connection to somebody else, if it has just
// told the end of the one before. So the next begins when that end has come.
TEST_F(Away, BehindAPoolerASegmentWaitsForTheOneBefore) {
  FaultProxy pooled(port_of(pgbouncer().url_of(cluster_url())));
  for (FaultProxy* proxy : {&pooled, &proxy_}) {
    Session session = admin(with_port(database_.url(), proxy->port()));
    const LinkTraits traits = *session.traits();
    boost::asio::io_context context;
    const auto link = make_link(session.release(), traits, context.get_executor());
    const Command command{"SELECT 1", {}};
    int answered = 0;
    proxy->hold(true);
    const auto send = [&] {
      const std::size_t before = proxy->passed(FaultProxy::To::server);
      link->send({&command}, [&](const Reply& reply) { answered += reply.lost ? 0 : 1; });
      context.poll();
      context.restart();
      return before;
    };
    const std::size_t first = send();
    EXPECT_TRUE(eventually([&] { return proxy->passed(FaultProxy::To::server) > first; }));
    const std::size_t second = send();
    EXPECT_EQ(link->on_their_way() > 1, true);
    if (proxy == &proxy_) {
      EXPECT_TRUE(eventually([&] { return proxy->passed(FaultProxy::To::server) > second; }));
    }
    // The first answer has come all the way, and nobody has read it: only now would the second go.
    const std::size_t told = proxy->passed(FaultProxy::To::client);
    proxy->hold(false);
    EXPECT_TRUE(eventually([&] { return proxy->passed(FaultProxy::To::client) > told; }));
    if (proxy == &pooled) EXPECT_EQ(proxy->passed(FaultProxy::To::server), second);
    context.run_for(std::chrono::seconds{10});
    EXPECT_EQ(answered, 2);
    link->close();
  }
}

}  // namespace
}  // namespace pilot::store::postgres
