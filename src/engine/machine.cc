#include "engine/machine.h"

#include <fmt/format.h>

#include "base/assert.h"
#include "model/limits.h"

namespace pilot::engine {
namespace {

bool can_jump_back(const plan::Body& body) {
  return std::any_of(body.steps.begin(), body.steps.end(), [](const plan::CompiledStep& step) {
    return (step.error_jump && *step.error_jump <= step.position) ||
           (step.else_jump && *step.else_jump <= step.position) || can_jump_back(step.body);
  });
}

bool is_failure(AttemptStatus status) {
  return status != AttemptStatus::success && status != AttemptStatus::skipped;
}

// Output of the last step of a body that succeeded, in document order; null when none did.
SharedJson last_output(const Frame& frame) {
  for (auto it = frame.cells.rbegin(); it != frame.cells.rend(); ++it) {
    if (it->state == Cell::State::done && it->status == AttemptStatus::success) return it->output;
  }
  return {};
}

Json make_view(const CellOutcome& outcome, int attempts) {
  return JsonObject{{"success", outcome.status == AttemptStatus::success},
                    {"message", outcome.message},
                    {"error", outcome.error ? to_json_value(*outcome.error) : Json(nullptr)},
                    {"metadata", outcome.metadata},
                    {"attempts", attempts},
                    {"started_at", to_rfc3339(outcome.started_at)}};
}

}  // namespace

Machine::Machine(std::shared_ptr<const plan::CompiledPlan> plan, RunRoots roots)
    : plan_(std::move(plan)), roots_(std::move(roots)), jumps_back_(can_jump_back(plan_->root)) {
  open_frame(nullptr, 0, nullptr, false);
}

Machine::~Machine() = default;

void Machine::open_frame(Cell* owner, std::size_t slot, Json item, bool has_item) {
  auto frame = std::make_unique<Frame>();
  frame->owner = owner;
  frame->slot = slot;
  const plan::CompiledStep* per_item = nullptr;
  if (owner == nullptr) {
    frame->body = &plan_->root;
  } else {
    frame->parent = owner->frame;
    frame->item_path = owner->frame->item_path;
    frame->body = &owner->step->body;
    if (frame->body->steps.empty()) per_item = owner->step;
  }
  if (has_item) {
    if (!frame->item_path.empty()) frame->item_path += '.';
    frame->item_path += std::to_string(slot);
    frame->has_item = true;
    frame->item = std::move(item);
    frame->index = static_cast<std::int64_t>(slot);
  }
  frame->cells.resize(per_item ? 1 : frame->body->steps.size());
  for (std::size_t i = 0; i < frame->cells.size(); ++i) {
    Cell& cell = frame->cells[i];
    cell.frame = frame.get();
    cell.per_item_call = per_item != nullptr;
    cell.step = per_item ? per_item : &frame->body->steps[i];
    cell.waits_for = per_item ? 0 : static_cast<int>(cell.step->depends_on.size());
    if (cell.waits_for == 0) ready_.push_back(&cell);
  }
  if (owner == nullptr) {
    root_ = std::move(frame);
  } else {
    ++owner->open_children;
    owner->children.emplace(slot, std::move(frame));
  }
}

void Machine::open_items(Cell& cell) {
  const auto most =
      static_cast<std::size_t>(std::max<std::int64_t>(1, cell.step->spec.concurrency));
  while (cell.open_children < most && cell.next_item < cell.items.size()) {
    const std::size_t slot = cell.next_item++;
    open_frame(&cell, slot, std::move(cell.items[slot]), true);
  }
}

Cell* Machine::next() {
  while (!ready_.empty()) {
    Cell* cell = ready_.front();
    ready_.pop_front();
    if (cell->frame->closed) continue;
    if (cell->state == Cell::State::pending && !doomed(*cell)) return cell;
  }
  grave_.clear();
  return nullptr;
}

bool Machine::doomed_frame(const Frame& start) const {
  if (stopped_) return true;
  for (const Frame* frame = &start; frame != nullptr; frame = frame->parent) {
    if (frame->failure || (frame->owner && frame->owner->child_error)) return true;
  }
  return false;
}

bool Machine::doomed(const Cell& cell) const { return doomed_frame(*cell.frame); }

int Machine::next_visit(const Cell& cell) {
  if (!jumps_back_) return 1;
  const int key = cell.per_item_call ? -1 - cell.step->number : cell.step->number;
  return ++visits_[{key, cell.item_path()}];
}

const std::vector<std::vector<int>>& Machine::dependents_of(const plan::Body& body) {
  auto [it, is_new] = dependents_.try_emplace(&body);
  if (is_new) {
    it->second.resize(body.steps.size());
    for (const auto& step : body.steps) {
      for (const int before : step.depends_on) {
        it->second[static_cast<std::size_t>(before)].push_back(step.position);
      }
    }
  }
  return it->second;
}

void Machine::unlock_next(Cell& cell) {
  if (cell.per_item_call) return;
  const auto position = static_cast<std::size_t>(cell.step->position);
  for (const int dependent : dependents_of(*cell.frame->body)[position]) {
    Cell& other = cell.frame->cells[static_cast<std::size_t>(dependent)];
    if (other.state == Cell::State::pending && --other.waits_for <= 0) ready_.push_back(&other);
  }
}

// Only in bodies that run in order (plan/compile sees to it): forward passes over the steps
// between, backward makes the target and all up to here pending again, for another visit.
void Machine::jump(Cell& cell, int target) {
  Frame& frame = *cell.frame;
  const int here = cell.step->position;
  if (++jumps_ > limits::kVisits) {
    frame.failure =
        StepError{.code = "limit_exceeded",
                  .message = fmt::format(
                      "the plan jumped more than {} times; is there a way out of the loop?",
                      limits::kVisits)};
    failed_step_ = cell.step->spec.id;
    return;
  }
  if (target > here) {
    for (int i = here + 1; i < target; ++i) {
      Cell& passed = frame.cells[static_cast<std::size_t>(i)];
      passed.state = Cell::State::done;
      passed.status = AttemptStatus::skipped;
      ++frame.done;
    }
  } else {
    for (int i = target; i <= here; ++i) {
      Cell& again = frame.cells[static_cast<std::size_t>(i)];
      if (again.state == Cell::State::done) --frame.done;
      again.state = Cell::State::pending;
      again.waits_for = 1;
      again.attempt = 0;
      again.view = nullptr;
      again.output = {};
      again.outputs.clear();
      again.child_error.reset();
    }
    for (std::size_t i = static_cast<std::size_t>(here) + 1; i < frame.cells.size(); ++i) {
      Cell& later = frame.cells[i];
      if (later.state == Cell::State::done) --frame.done;
      later.state = Cell::State::pending;
      later.waits_for = 1;
      later.view = nullptr;
      later.output = {};
    }
  }
  Cell& to = frame.cells[static_cast<std::size_t>(target)];
  to.waits_for = 0;
  ready_.push_back(&to);
}

void Machine::mark_done(Cell& cell, const CellOutcome& outcome) {
  cell.state = Cell::State::done;
  cell.status = outcome.status;
  --cell.frame->open;
  ++cell.frame->done;
  output_bytes_ += outcome.output_bytes;
  const bool skipped = outcome.status == AttemptStatus::skipped;
  cell.view = skipped ? Json(nullptr) : make_view(outcome, cell.attempt);
  cell.output = skipped ? SharedJson() : outcome.output;
}

std::optional<Machine::Completed> Machine::finish(Cell& cell, CellOutcome outcome) {
  PILOT_ASSERT(cell.state == Cell::State::active);
  mark_done(cell, outcome);
  const Step& spec = cell.step->spec;
  if (is_failure(outcome.status)) {
    const bool goes_on = spec.on_error.kind == OnError::Kind::proceed;
    const bool jumps = cell.step->error_jump && !cell.per_item_call;
    if (jumps && !doomed(cell)) {
      jump(cell, *cell.step->error_jump);
    } else if (goes_on || jumps) {
      unlock_next(cell);
    } else {
      if (!cell.frame->failure) cell.frame->failure = outcome.error.value_or(StepError{});
      if (failed_step_.empty()) failed_step_ = spec.id;
    }
  } else if (outcome.jump_else && cell.step->else_jump && !doomed(cell)) {
    jump(cell, *cell.step->else_jump);
  } else {
    unlock_next(cell);
  }
  return settle(*cell.frame);
}

std::optional<Machine::Completed> Machine::abandon(Cell& cell) {
  PILOT_ASSERT(cell.state == Cell::State::active);
  cell.state = Cell::State::pending;
  --cell.frame->open;
  return settle(*cell.frame);
}

// Closes what has nothing under way below a frame that will not go on.
void Machine::prune(Frame& frame) {
  for (Cell& cell : frame.cells) {
    if (cell.state != Cell::State::active || cell.open_children == 0) continue;
    for (auto it = cell.children.begin(); it != cell.children.end();) {
      Frame& child = *it->second;
      prune(child);
      if (child.open > 0) {
        ++it;
        continue;
      }
      bury(std::move(it->second));
      it = cell.children.erase(it);
      --cell.open_children;
    }
    if (cell.open_children == 0) {
      cell.state = Cell::State::pending;
      --frame.open;
    }
  }
}

// Cells of it may still stand in ready_: it is buried, and freed when those are gone.
void Machine::bury(std::unique_ptr<Frame> frame) {
  constexpr std::size_t kMost = 1'024;             // so that the sweep over ready_ is paid by many
  if (frame->done == frame->cells.size()) return;  // none of its cells waits for its turn
  frame->closed = true;
  grave_.push_back(std::move(frame));
  if (grave_.size() < kMost) return;
  std::erase_if(ready_, [](const Cell* cell) { return cell->frame->closed; });
  grave_.clear();
}

std::optional<Machine::Completed> Machine::settle(Frame& frame) {
  const bool ends = doomed_frame(frame);
  if (ends) prune(frame);
  if (frame.open > 0 || (!ends && frame.done < frame.cells.size())) return std::nullopt;
  if (frame.owner == nullptr) return std::nullopt;
  return child_closed(*frame.owner, frame.slot);
}

std::optional<Machine::Completed> Machine::child_closed(Cell& owner, std::size_t slot) {
  bool cut_short = false;  // its body was not done when the run or a body around it ended
  {
    Frame& child = *owner.children.at(slot);
    cut_short = !child.failure && child.done < child.cells.size();
    if (child.failure && !owner.child_error) {
      owner.child_error = child.failure;
      if (child.has_item) {
        owner.child_error->message = fmt::format("item {}: {}", slot, child.failure->message);
      }
    } else if (!child.failure) {
      if (owner.outputs.size() <= slot) owner.outputs.resize(slot + 1);
      owner.outputs[slot] = *last_output(child);
    }
  }
  bury(std::move(owner.children.at(slot)));
  owner.children.erase(slot);
  --owner.open_children;

  const bool ends = owner.child_error.has_value() || doomed(owner);
  if (!ends) open_items(owner);
  if (ends && !owner.children.empty()) {
    for (auto it = owner.children.begin(); it != owner.children.end();) {
      prune(*it->second);
      if (it->second->open > 0) {
        ++it;
        continue;
      }
      bury(std::move(it->second));
      it = owner.children.erase(it);
      --owner.open_children;
    }
  }
  if (owner.open_children > 0) return std::nullopt;
  const bool unfinished = cut_short || owner.next_item < owner.items.size();
  if (!owner.child_error && unfinished) return abandon(owner);
  return completed(owner);
}

Machine::Completed Machine::completed(Cell& owner) {
  CellOutcome outcome;
  const bool is_list = !owner.step->spec.foreach.is_null();
  if (owner.child_error) {
    outcome.status = AttemptStatus::error;
    outcome.error = owner.child_error;
    outcome.message = owner.child_error->message;
  } else {
    if (is_list) {
      outcome.output = std::move(owner.outputs);
    } else if (!owner.outputs.empty()) {
      outcome.output = std::move(owner.outputs[0]);
    }
    outcome.output_bytes = json_size(*outcome.output);
  }
  owner.outputs = {};
  owner.items = {};
  return {&owner, std::move(outcome)};
}

void Machine::stop(SharedJson output) {
  stopped_ = true;
  stop_output_ = std::move(output);
  prune(*root_);
}

void Machine::fail(StepError error) {
  if (!root_->failure) root_->failure = std::move(error);
  prune(*root_);
}

bool Machine::complete() const {
  if (root_->open > 0) return false;
  return stopped_ || root_->failure || root_->done == root_->cells.size();
}

SharedJson Machine::output() const { return stopped_ ? stop_output_ : last_output(*root_); }

}  // namespace pilot::engine
