// The one writer of a shard: takes every job that is queued, sends them as one transaction in one
// go, and answers each after the commit (group commit). While one is on its way the next gathers;
// nothing waits for a timer.
//
// A job that fails leaves its neighbours of the same group alone: the group is undone and done
// again in halves. Where the connection breaks after the transaction began, the database is asked
// what became of it (pg_xact_status) before anybody is answered. On its shard only.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include <deque>

#include "store/postgres/lane.h"
#include "store/postgres/segment.h"

namespace pilot::store::postgres {

class Writer {
 public:
  Writer(Connector& connector, boost::asio::any_io_executor executor, Log& log);
  ~Writer();
  void enqueue(std::unique_ptr<Job> job);

 private:
  using Group = std::vector<std::unique_ptr<Job>>;
  enum class Fate { committed, aborted, unknown };

  void start();
  Group next_group();
  void send(Link& link);
  void replied(Reply reply);
  void undone(const Failure& failure);
  void ask_fate();
  void ask_again();
  void told_fate(Reply reply);
  void fate_is(Fate fate);
  void read_all();
  void fail_all(const Error& error);
  void done();
  void log_failure(const Error& error);

  Log& log_;
  Lane lane_;
  boost::asio::steady_timer pause_;
  std::deque<std::unique_ptr<Job>> queue_;
  std::vector<Group> again_;  // parts of a group that failed; before what is queued

  // Of the group on its way:
  bool busy_ = false;
  Group group_;
  const Link* link_ = nullptr;  // that it went over
  std::unique_ptr<Segment> segment_;
  std::vector<Rows> rows_;
  std::string transaction_;  // its id, once known
  std::string server_;       // the incarnation that gave it
  std::chrono::steady_clock::time_point ask_until_;

  std::string failing_with_;  // the code last logged, until it works
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pilot::store::postgres
