// One run in memory: drives its Machine, makes the calls, writes the journal, sleeps, retries, and
// ends. Whatever it knows can be rebuilt from the run's row and its attempts (recorded steps are
// passed over, not repeated), so dropping it at any moment loses nothing.
//
// On its shard only. Held by its worker; a call in flight holds it, too.
#pragma once

#include <memory>
#include <set>

#include "engine/engine.h"
#include "engine/journal.h"
#include "engine/machine.h"
#include "engine/rate_limits.h"
#include "engine/recorded.h"
#include "engine/step_runner.h"

namespace pilot::engine {

// How an execution leaves memory.
enum class Ending {
  finished,     // its terminal row is flushed
  parked,       // asleep in the store
  handed_back,  // queued again, at shutdown
  dropped,      // fenced, or its rows could not be written
};

class Execution final : public std::enable_shared_from_this<Execution> {
 public:
  struct Parts {
    Journal& journal;
    StepRunner& steps;
    RateLimits& rates;
    Clock& clock;
    Timers& timers;
    Random& random;
    Log& log;
    boost::asio::any_io_executor executor;
    std::function<bool()> may_act;           // whether this node's lease lets it start an effect
    Millis park_after = limits::kParkAfter;  // a longer sleep leaves memory
    std::function<void(Execution&, Ending)> on_end;  // called once
  };

  Execution(Parts parts, Run run, std::shared_ptr<const plan::CompiledPlan> plan,
            std::vector<Attempt> recorded);
  ~Execution();
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  // The run's row goes into the journal's buffer as it is; go() starts to work.
  void insert();
  void go();

  void cancel();     // ends as `cancelled`
  void drain();      // shutdown: no new steps; handed back when its calls have come back
  void hand_back();  // gives it to whoever claims next, now
  void drop();       // forgets it: not ours any more, or the store is away

  const Run& run() const { return run_; }
  bool ending() const { return phase_ != Phase::working; }
  std::vector<StepSummary> summaries() const;

 private:
  enum class Phase { working, finishing, parking, over };
  // An attempt under way (or sleeping before the next).
  struct Active {
    Json params;
    JournalSlot slot;
    std::int64_t seq = 0;
    std::int64_t again = 0;  // set: the next try is the same attempt, in this row
    bool held = false;       // it sleeps until the vendor's limit lets it go
    WallTime first_started;
    WallTime started;
    std::string key;
  };
  using Sleepers = std::multimap<WallTime, Cell*>;

  // execution.cc: the run
  void pump();
  void settle();
  void finish_run();
  void park(std::string reason, std::optional<WallTime> wake_at);
  void end(Ending ending);
  void arm();
  void wake();
  bool abandon_doomed();
  void set_deadline();
  void on_deadline();
  void write_run();

  // execution_steps.cc: its steps
  void start(Cell& cell);
  bool replay(Cell& cell);
  void begin_call(Cell& cell, Json params);
  bool resume_call(Cell& cell, Active& active);
  void attempt(Cell& cell);
  bool hold_back(Cell& cell, Active& active, std::vector<RateLimits::Place>& places);
  void run_logic(Cell& cell, CallOrder order);
  boost::asio::awaitable<void> call(std::shared_ptr<Execution> self, Cell* cell, CallOrder order,
                                    std::vector<RateLimits::Place> places);
  boost::asio::awaitable<Status> marked_and_ours(Cell& cell);
  void on_result(Cell& cell, CallResult result);
  void on_cancelled(Cell& cell, CallResult result);
  void retry_later(Cell& cell, CallResult result, Millis wait);
  void outcome_unknown(Cell& cell, CallResult result);
  void leave_unknown(Cell& cell, CallResult result);
  void wait_for_reauth(Cell& cell, CallResult result);
  void conclude(Cell& cell, AttemptStatus status, CallResult result);
  void bound_output(CellOutcome& outcome) const;
  void finish_cell(Cell& cell, CellOutcome outcome);
  void finish_containers(std::optional<Machine::Completed> done);
  void sleep_until(Cell& cell, WallTime when);

  // execution_verify.cc: whether a call without an answer was carried out
  struct Looked {
    std::optional<Json> found;  // what the call would have given
    bool absent = false;        // it was not carried out, for sure
    std::string message;
  };
  boost::asio::awaitable<void> verify(std::shared_ptr<Execution> self, Cell* cell,
                                      CallResult unknown);
  boost::asio::awaitable<Looked> look(Cell& cell);
  void on_looked(Cell& cell, CallResult unknown, Looked looked);

  // execution_rows.cc: what the journal hears of them
  Attempt row_of(Cell& cell, AttemptStatus status);
  void put(Cell& cell, Attempt row, bool is_last);
  void close_row(Cell& cell);
  void put_outcome(Cell& cell, const CellOutcome& outcome);

  Parts parts_;
  Run run_;
  std::shared_ptr<const plan::CompiledPlan> plan_;
  Machine machine_;
  Recorded recorded_;
  Phase phase_ = Phase::working;
  bool pumping_ = false;
  bool cancelling_ = false;
  bool draining_ = false;
  std::size_t calls_ = 0;
  std::int64_t next_seq_ = 1;
  std::unordered_map<Cell*, Active> active_;
  Sleepers sleepers_;
  std::set<Cell*> asking_;  // outcome unknown, somebody must decide
  std::set<Cell*> reauth_;  // sleepers whose connection has to be connected anew
  CancelSource cancel_;
  JournalSlot run_slot_;
  Timers::Id timer_ = 0;
  Timers::Id deadline_timer_ = 0;
};

}  // namespace pilot::engine
