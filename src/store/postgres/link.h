// One connection in pipeline mode. A segment is some commands and a sync: what of it fails undoes
// the rest of the segment (unless it has a BEGIN, then the transaction), and the next segment is
// not touched. Any number of segments may be on their way; they are answered in order. Behind a
// pooler only one: it may hand the connection to somebody else between the parts of the next.
//
// Made by connect.h, then on its shard only. Nothing of it waits while nothing is on its way, so an
// idle link keeps no io_context alive; that its other end has gone is noticed at the next use.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/postgres/params.h"
#include "store/postgres/rows.h"
#include "store/sql_text.h"

struct pg_conn;

namespace pilot::store::postgres {

// What the server said against a command.
struct Failure {
  std::string state;    // SQLSTATE
  std::string message;  // the server's words: for the log
  std::string detail;
  std::size_t command = 0;  // which of the segment
};

struct Reply {
  std::vector<Rows> rows;  // of each command that worked, up to the one that did not
  std::optional<Failure> failure;
  bool lost = false;  // the connection broke: what has no rows may or may not have happened
};

// How this connection has to be used; found out when it was made.
struct LinkTraits {
  bool prepared = true;     // false behind a pooler: another transaction is another connection
  bool set_role = true;     // the login is not pilot_app itself: each transaction takes its role
  std::string incarnation;  // of the server; see kIncarnation
  std::chrono::milliseconds silence{30'000};  // see PostgresOptions
};

// Another one after a restart and after a crash. A transaction's number that was given out shortly
// before may then be given to another transaction.
inline constexpr SqlText kIncarnation =
    "concat(extract(epoch FROM pg_postmaster_start_time()), ' ',"
    " (SELECT extract(epoch FROM stats_reset) FROM pg_stat_bgwriter))";

class Link {
 public:
  using Done = std::function<void(Reply)>;

  virtual ~Link() = default;
  // `done` is called on the shard, never from inside of send().
  virtual void send(const std::vector<const Command*>& commands, Done done) = 0;
  virtual bool usable() = 0;  // looks at the socket when idle: false when the other end has gone
  virtual void close() = 0;   // what is on its way is forgotten, not answered
  virtual std::size_t on_their_way() const = 0;
  virtual const LinkTraits& traits() const = 0;
};

// Takes the connection, which is open and idle.
std::shared_ptr<Link> make_link(pg_conn* connection, LinkTraits traits,
                                boost::asio::any_io_executor executor);

}  // namespace pilot::store::postgres
