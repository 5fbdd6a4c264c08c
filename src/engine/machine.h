// The state of one run in memory and its transitions: which steps are ready, what a finished step
// unlocks, when a body or the run is complete. Pure: no I/O, no clock, no journal; the same inputs
// give the same transitions, which is what lets a restart replay a run from its journal.
//
// Execution drives it: take next() cells, enter() them, do the calls, finish() them.
// Pointers to cells stay good until their frame is closed (finish() of its last open cell).
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <unordered_map>

#include "model/outcome.h"
#include "model/run.h"
#include "plan/compiled_plan.h"

namespace pilot::engine {

struct Frame;

// One step of one frame: what the journal keys by (step, item path, visit).
struct Cell {
  enum class State { pending, active, done };
  const plan::CompiledStep* step = nullptr;
  Frame* frame = nullptr;
  State state = State::pending;
  bool per_item_call = false;  // the provider call of one item of a foreach without a body
  int waits_for = 0;           // dependencies that are not done
  int visit = 1;
  int attempt = 0;                                // of this visit; 0 before the first
  AttemptStatus status = AttemptStatus::running;  // once done
  WallTime started_at;                            // of this visit
  // What references see, once done; a skipped one has nothing.
  SharedJson output;
  Json view;  // {success, message, ...}, all but the output; else null
  // foreach and groups
  JsonArray items;
  JsonArray outputs;
  std::size_t next_item = 0;
  std::size_t open_children = 0;
  std::map<std::size_t, std::unique_ptr<Frame>> children;
  std::optional<StepError> child_error;

  const std::string& item_path() const;
};

// A body being worked on: the plan's own, one item of a foreach, or a group.
struct Frame {
  const plan::Body* body = nullptr;
  Cell* owner = nullptr;  // null: the root
  Frame* parent = nullptr;
  std::size_t slot = 0;  // index among the owner's children
  std::string item_path;
  bool has_item = false;
  Json item;
  Json index;
  std::vector<Cell> cells;
  std::size_t open = 0;  // cells that are active
  std::size_t done = 0;
  bool closed = false;
  std::optional<StepError> failure;  // set: nothing new starts here
};

inline const std::string& Cell::item_path() const { return frame->item_path; }

// What a cell comes to, for finish(). Also what is journaled.
struct CellOutcome {
  AttemptStatus status = AttemptStatus::success;
  SharedJson output;
  std::string message;
  std::optional<StepError> error;
  Json metadata;
  WallTime started_at;
  bool jump_else = false;  // the old condition was false and has an else_jump
  std::size_t output_bytes = 0;
};

// What enter() finds that a cell is.
struct Entry {
  enum class Kind {
    call,      // an action to be called with `params`
    opened,    // a foreach or group whose frames are open now
    finished,  // done already (skipped, an empty list, an error): journal `outcome`, then finish()
  };
  Kind kind = Kind::call;
  Json params;
  CellOutcome outcome;
};

// The roots that references see beside steps and items.
struct RunRoots {
  Json trigger, inputs, run, plan, user, vars;
};

class Machine {
 public:
  Machine(std::shared_ptr<const plan::CompiledPlan> plan, RunRoots roots);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // The next cell to enter, or null. Cells of failed frames are passed over.
  Cell* next();
  // The cell is active from here on, and has its visit number.
  void activate(Cell& cell);
  // Evaluates `if`, `foreach` and params of an active cell.
  Entry enter(Cell& cell);
  // Which containers became complete by this, innermost first: each is to be journaled with its
  // outcome and then finished too. (At most one; finishing it may answer the next.)
  struct Completed {
    Cell* cell = nullptr;
    CellOutcome outcome;
  };
  std::optional<Completed> finish(Cell& cell, CellOutcome outcome);

  // Ends the run here: nothing new starts (logic.stop; cancel).
  void stop(SharedJson output);
  void fail(StepError error);  // nothing new starts anywhere (plan timeout)
  bool stopped() const { return stopped_; }
  // A cell that will not go on because its frame or the run has ended (a sleeper): as if never
  // begun.
  std::optional<Completed> abandon(Cell& cell);
  // True when the frame of the cell, or one around it, has failed or the run is stopped.
  bool doomed(const Cell& cell) const;

  bool complete() const;  // nothing open and nothing to come
  bool succeeded() const { return !root_->failure; }
  const std::optional<StepError>& failure() const { return root_->failure; }
  const std::string& failed_step() const { return failed_step_; }
  SharedJson output() const;  // of the run
  const Frame& root() const { return *root_; }
  const plan::CompiledPlan& plan() const { return *plan_; }
  std::size_t output_bytes() const { return output_bytes_; }

 private:
  void open_frame(Cell* owner, std::size_t slot, Json item, bool has_item);
  void open_items(Cell& cell);
  Entry enter_foreach(Cell& cell, Json list);
  void mark_done(Cell& cell, const CellOutcome& outcome);
  void unlock_next(Cell& cell);
  void jump(Cell& cell, int target);
  std::optional<Completed> settle(Frame& frame);
  std::optional<Completed> child_closed(Cell& owner, std::size_t slot);
  Completed completed(Cell& owner);
  void prune(Frame& frame);
  void bury(std::unique_ptr<Frame> frame);
  bool doomed_frame(const Frame& frame) const;
  const std::vector<std::vector<int>>& dependents_of(const plan::Body& body);
  int next_visit(const Cell& cell);

  std::shared_ptr<const plan::CompiledPlan> plan_;
  RunRoots roots_;
  std::unique_ptr<Frame> root_;
  std::deque<Cell*> ready_;
  std::vector<std::unique_ptr<Frame>> grave_;  // closed, but cells of them may stand in ready_
  std::unordered_map<const plan::Body*, std::vector<std::vector<int>>> dependents_;
  bool jumps_back_ = false;  // only then visits are counted
  std::map<std::pair<int, std::string>, int> visits_;
  std::int64_t jumps_ = 0;
  bool stopped_ = false;
  SharedJson stop_output_;
  std::string failed_step_;
  std::size_t output_bytes_ = 0;
};

}  // namespace pilot::engine
