// Opening connections to PostgreSQL: on a side thread, because looking up names, TLS and libpq's
// trying of several hosts block. Also the plain, blocking session that migrations and start-up use.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/blocking_pool.h"
#include "store/postgres/link.h"

namespace pilot {
class Log;
}

namespace pilot::store::postgres {

// A blocking connection, for start-up and side threads.
class Session {
 public:
  // `url` is a connection URI or libpq's key=value form; what it leaves out gets defaults for a
  // server (time-outs, keep-alives). Error codes: database_away, invalid_database_url. Messages
  // name the server, never the password.
  static Result<Session> open(const std::string& url);

  // Any statements, without parameters; texts are constants of ours or from migrations/.
  Status execute(const std::string& sql);
  // One value as text; none when there is no row or it is NULL.
  Result<std::optional<std::string>> value(const std::string& sql,
                                           std::vector<std::string> params = {});
  // Asks the server. It may be a server that says nothing any more: database_away after so long.
  Result<LinkTraits> traits(std::chrono::milliseconds patience = std::chrono::seconds{5});
  // All rows, as text.
  using Row = std::vector<std::optional<std::string>>;
  Result<std::vector<Row>> rows(const std::string& sql, std::vector<std::string> params = {});
  int socket() const;
  // After LISTEN, when the socket is readable: whether there was a notification. None: it broke.
  std::optional<bool> take_news();
  pg_conn* release() { return connection_.release(); }

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  explicit Session(pg_conn* connection) : connection_(connection) {}
  bool finished_by(std::chrono::steady_clock::time_point end);
  std::unique_ptr<pg_conn, Finish> connection_;
};

// Makes links, one after the other. An attempt that fails answers all who wait for theirs: a server
// that does not answer would keep each of them as long again. Outlives what it is lent to. Any
// shard.
class Connector {
 public:
  Connector(std::string url, std::chrono::milliseconds silence, Log& log)
      : url_(std::move(url)), silence_(silence), log_(log), pool_("pg-connect", 1) {}

  using Ready = std::function<void(Result<std::shared_ptr<Link>>)>;
  // `ready` is called on the executor.
  void open(boost::asio::any_io_executor executor, Ready ready);

 private:
  Result<Session> attempt(LinkTraits& traits);

  const std::string url_;
  const std::chrono::milliseconds silence_;
  Log& log_;
  std::atomic<unsigned> failures_{0};
  bool away_ = false;  // on the side thread: what the log was told last
  BlockingPool pool_;  // last: its thread uses the others
};

}  // namespace pilot::store::postgres
