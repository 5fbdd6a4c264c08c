// One call of the store, on its way: its statements, whose they are, and how its answer is made of
// what they gave. Made on the caller's shard, answered there. A job may be done more than once (a
// group that failed, a connection that broke), so it keeps its statements until it is answered.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/postgres/params.h"
#include "store/postgres/rows.h"

namespace pilot::store::postgres {

// Statements as one tenant, under row-level security. No user: nobody's rows; only the functions of
// pilot_system see more.
struct Step {
  std::string user;
  std::vector<Command> commands;
};
using Steps = std::vector<Step>;
// What the commands of a job answered, in their order over all steps.
using Answers = std::span<Rows>;

class Job {
 public:
  Job(boost::asio::any_io_executor executor, Steps steps, std::size_t weight)
      : steps(std::move(steps)),
        weight(weight + bytes_of(this->steps) / kBytesPerRow),
        guard_(std::move(executor)) {}
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  virtual void read(Answers answers) = 0;
  virtual void fail(const Error& error) = 0;
  virtual void answer() = 0;  // once

  const Steps steps;
  const std::size_t weight;  // roughly its rows; bounds a group
  int tries = 0;
  bool is_news = false;  // leaves runs to be claimed: other processes are told with the commit

 protected:
  // Large values count as many rows: a group is held in memory as a whole.
  static constexpr std::size_t kBytesPerRow = std::size_t{16} << 10;
  static std::size_t bytes_of(const Steps& steps) {
    std::size_t sum = 0;
    for (const Step& step : steps) {
      for (const Command& command : step.commands) sum += command.params.bytes();
    }
    return sum;
  }
  // The caller's shard must not run out of work while it waits.
  boost::asio::executor_work_guard<boost::asio::any_io_executor> guard_;
};

// Value: a Result.
template <class Value, class Handler>
class ReadJob final : public Job {
 public:
  using Read = std::function<Value(Answers)>;

  ReadJob(Handler handler, Steps steps, Read read, std::size_t weight)
      : Job(boost::asio::get_associated_executor(handler), std::move(steps), weight),
        handler_(std::move(handler)),
        read_(std::move(read)) {}

  void read(Answers answers) override {
    value_.emplace(read_(answers));
    for (Rows& rows : answers) {
      if (!rows.status() && *value_) value_.emplace(rows.status().error());
    }
  }
  void fail(const Error& error) override { value_.emplace(error); }
  void answer() override {
    Handler handler = std::move(handler_);
    Value value = std::move(*value_);
    guard_.reset();
    std::move(handler)(std::move(value));
  }

 private:
  Handler handler_;
  Read read_;
  std::optional<Value> value_;
};

}  // namespace pilot::store::postgres
