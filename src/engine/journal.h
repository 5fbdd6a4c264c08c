// The journal of one shard: rows are buffered, and written in group commits. The rule (design.md):
// nothing that depends on an unflushed row leaves the process or its memory. So whoever is about to
// answer, to send an effect or to sleep waits for flush(); whatever nobody waits for is written
// 50 ms after it was added.
//
// One batch is under way at a time: rows of one run must become durable in their order. While it
// flies the buffer fills; that is the group commit. Events are published after the commit.
// On its shard only.
#pragma once

#include <functional>
#include <vector>

#include "engine/event_bus.h"
#include "store/run_store.h"

namespace pilot::engine {

using boost::asio::awaitable;

// Where a row stands in the unwritten buffer, so that its next state can replace it in place.
struct JournalSlot {
  std::uint64_t batch = 0;
  std::size_t index = 0;
};

class Journal {
 public:
  struct Parts {
    store::RunStore& store;
    EventBus& bus;
    Clock& clock;
    Timers& timers;
    boost::asio::any_io_executor executor;
    std::string node;
    // Runs that the store says are not ours any more.
    std::function<void(const RunId&)> on_fenced;
    // A batch that could not be written: nothing of it happened. Each run in it.
    std::function<void(const RunId&, const Error&)> on_failed;
  };
  explicit Journal(Parts parts);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // A run's row: inserts are written once, later states replace what is still in the buffer.
  void insert_run(Run run, JournalSlot& slot);
  void update_run(Run run, JournalSlot& slot);
  void put_attempt(Attempt attempt, std::int64_t epoch, JournalSlot& slot);

  // `done` is called (posted, on the shard) once everything added before is durable, or failed.
  void flush(std::function<void(Status)> done);
  awaitable<Status> flushed();

  bool idle() const { return buffer_.empty() && !in_flight_; }

 private:
  using Waiter = std::function<void(Status)>;
  bool replaceable(const JournalSlot& slot) const;
  void added(JournalSlot& slot);
  void schedule_submit();
  void post_submit();
  void submit();
  awaitable<void> write(std::vector<store::JournalWrite> batch, std::vector<Waiter> waiters);
  void collect_events(const std::vector<store::JournalWrite>& batch,
                      std::vector<std::pair<RunId, EventPtr>>& events) const;

  Parts parts_;
  std::vector<store::JournalWrite> buffer_;
  std::vector<Waiter> waiters_;
  std::uint64_t batch_ = 1;
  bool in_flight_ = false;
  bool submit_posted_ = false;
  int turns_ = 0;  // of the loop that this group has waited for company
  bool wanted_while_in_flight_ = false;
  Timers::Id timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pilot::engine
