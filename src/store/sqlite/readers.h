// Reading beside the writer: a few threads, each with a read connection of its own that sees the
// last commit as it was when the reading began (a WAL snapshot). run() is called on a shard and
// answers there.
#pragma once

#include <mutex>
#include <vector>

#include "base/blocking_pool.h"
#include "store/sqlite/connection.h"

namespace pilot::store::sqlite {

class Readers {
 public:
  // Connections are opened when they are first needed. With `shared` (an in-memory database, no
  // threads) that one is used and none is opened.
  Readers(ConnectionOptions options, unsigned threads, Connection* shared);

  // `work`: Result<T>(Connection&).
  template <class Work>
  boost::asio::awaitable<std::invoke_result_t<Work&, Connection&>> run(Work work) {
    using Value = std::invoke_result_t<Work&, Connection&>;
    return pool_.run([this, work = std::move(work)]() mutable -> Value {
      if (shared_ != nullptr) return guarded<Value>(work, *shared_);
      Result<std::unique_ptr<Connection>> borrowed = borrow();
      if (!borrowed) return borrowed.error();
      Value value = guarded<Value>(work, **borrowed);
      give_back(std::move(*borrowed));
      return value;
    });
  }

 private:
  template <class Value, class Work>
  static Value guarded(Work& work, Connection& db) {
    try {
      return work(db);
    } catch (const std::exception& bug) {
      return internal_error(std::string("reading from the database: ") + bug.what());
    }
  }
  Result<std::unique_ptr<Connection>> borrow();
  void give_back(std::unique_ptr<Connection> connection);  // not kept after an I/O error

  const ConnectionOptions options_;
  Connection* const shared_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> free_;  // guarded by mutex_
  BlockingPool pool_;                              // last: its threads end before what they use
};

}  // namespace pilot::store::sqlite
