// Opening connections to PostgreSQL: on a side thread, because looking up names, TLS and libpq's
// trying of several hosts block. Also the plain, blocking session that migrations and start-up use.
#pragma once

#include <boost/asio/any_io_executor.hpp>

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
  // All rows, as text.
  using Row = std::vector<std::optional<std::string>>;
  Result<std::vector<Row>> rows(const std::string& sql, std::vector<std::string> params = {});
  LinkTraits traits();  // asks the server
  int socket() const;
  // After LISTEN, when the socket is readable: whether there was a notification. None: it broke.
  std::optional<bool> take_news();
  pg_conn* release() { return connection_.release(); }

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  explicit Session(pg_conn* connection) : connection_(connection) {}
  std::unique_ptr<pg_conn, Finish> connection_;
};

// Makes links, and keeps a pause between attempts that fail: the more of them, the longer, up to a
// second. Outlives what it is lent to. Any shard.
class Connector {
 public:
  Connector(std::string url, Log& log) : url_(std::move(url)), log_(log), pool_("pg-connect", 1) {}

  using Ready = std::function<void(Result<std::shared_ptr<Link>>)>;
  // `ready` is called on the executor.
  void open(boost::asio::any_io_executor executor, Ready ready);

 private:
  Result<Session> attempt(LinkTraits& traits);

  const std::string url_;
  Log& log_;
  bool away_ = false;  // on the side thread: what the log was told last
  BlockingPool pool_;  // last: its thread uses the others
};

}  // namespace pilot::store::postgres
