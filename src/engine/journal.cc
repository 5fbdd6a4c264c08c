#include "engine/journal.h"

#include "base/spawn.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace pilot::engine {
namespace {

constexpr int kMostTurns = 32;

const RunId& run_of(const store::JournalWrite& write) {
  if (const auto* insert = std::get_if<store::InsertRun>(&write)) return insert->run.id;
  if (const auto* update = std::get_if<store::UpdateRun>(&write)) return update->run.id;
  return std::get<store::PutAttempt>(write).attempt.run;
}

}  // namespace

Journal::Journal(Parts parts) : parts_(std::move(parts)) {}

Journal::~Journal() {
  *alive_ = false;
  if (timer_ != 0) parts_.timers.cancel(timer_);
}

bool Journal::replaceable(const JournalSlot& slot) const { return slot.batch == batch_; }

void Journal::added(JournalSlot& slot) {
  slot = {batch_, buffer_.size() - 1};
  if (timer_ != 0) return;
  timer_ = parts_.timers.call_at(parts_.clock.steady() + limits::kJournalDelay, [this] {
    timer_ = 0;
    if (!buffer_.empty()) schedule_submit();
  });
}

void Journal::insert_run(Run run, JournalSlot& slot) {
  buffer_.emplace_back(store::InsertRun{std::move(run)});
  added(slot);
}

void Journal::update_run(Run run, JournalSlot& slot) {
  if (replaceable(slot)) {
    store::JournalWrite& write = buffer_[slot.index];
    auto* insert = std::get_if<store::InsertRun>(&write);
    if (insert == nullptr) {
      std::get<store::UpdateRun>(write).run = std::move(run);
      return;
    }
    // A run that is let go stays ours for the rows that go along: inserted as ours, then let go.
    if (insert->run.node == run.node) {
      insert->run = std::move(run);
      return;
    }
  }
  buffer_.emplace_back(store::UpdateRun{std::move(run), parts_.node});
  added(slot);
}

void Journal::put_attempt(Attempt attempt, std::int64_t epoch, JournalSlot& slot) {
  if (replaceable(slot)) {
    std::get<store::PutAttempt>(buffer_[slot.index]).attempt = std::move(attempt);
    return;
  }
  buffer_.emplace_back(store::PutAttempt{std::move(attempt), parts_.node, epoch});
  added(slot);
}

void Journal::flush(std::function<void(Status)> done) {
  if (idle()) {
    boost::asio::post(parts_.executor, [done = std::move(done)] { done(ok()); });
    return;
  }
  waiters_.push_back(std::move(done));
  schedule_submit();
}

awaitable<Status> Journal::flushed() {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Status)>(
      [this](auto handler) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        flush([shared](Status status) { (*shared)(std::move(status)); });
      },
      boost::asio::use_awaitable);
}

// Posted rather than done at once: everything that this turn of the loop adds goes along.
void Journal::schedule_submit() {
  if (in_flight_) {
    wanted_while_in_flight_ = true;
    return;
  }
  if (submit_posted_) return;
  submit_posted_ = true;
  turns_ = 0;
  post_submit();
}

// Goes round the loop again as long as each turn brings more rows: after a commit a hundred callers
// come back over several turns, and the first of them should not go alone.
void Journal::post_submit() {
  boost::asio::post(parts_.executor, [this, alive = alive_, before = buffer_.size()] {
    if (!*alive) return;
    if (buffer_.size() > before && ++turns_ < kMostTurns) {
      post_submit();
      return;
    }
    submit_posted_ = false;
    submit();
  });
}

void Journal::submit() {
  if (in_flight_) {
    wanted_while_in_flight_ = true;
    return;
  }
  in_flight_ = true;
  wanted_while_in_flight_ = false;
  ++batch_;
  auto batch = std::exchange(buffer_, {});
  auto waiters = std::exchange(waiters_, {});
  spawn(parts_.executor, write(std::move(batch), std::move(waiters)));
}

void Journal::collect_events(const std::vector<store::JournalWrite>& batch,
                             std::vector<std::pair<RunId, EventPtr>>& events) const {
  for (const auto& write : batch) {
    const RunId& run = run_of(write);
    if (!parts_.bus.wanted(run)) continue;
    Event event;
    if (const auto* put = std::get_if<store::PutAttempt>(&write)) {
      event = {put->attempt.revision, put->attempt};
    } else if (const auto* insert = std::get_if<store::InsertRun>(&write)) {
      event = {insert->run.revision, insert->run};
    } else {
      const Run& row = std::get<store::UpdateRun>(write).run;
      event = {row.revision, row};
    }
    events.emplace_back(run, std::make_shared<const Event>(std::move(event)));
  }
  // In the order of the changes, which is not that of the buffer: a row may have been replaced.
  std::stable_sort(events.begin(), events.end(), [](const auto& a, const auto& b) {
    return a.second->revision < b.second->revision;
  });
}

awaitable<void> Journal::write(std::vector<store::JournalWrite> batch,
                               std::vector<Waiter> waiters) {
  const std::shared_ptr<bool> alive = alive_;
  std::vector<std::pair<RunId, EventPtr>> events;
  collect_events(batch, events);
  std::vector<RunId> runs;  // only for the rare case that the write fails
  for (const auto& write : batch) {
    if (runs.empty() || runs.back() != run_of(write)) runs.push_back(run_of(write));
  }

  Result<store::WriteReport> report = co_await parts_.store.write(std::move(batch));
  if (!*alive) co_return;
  in_flight_ = false;
  Status status = ok();
  if (report) {
    for (const RunId& run : report->fenced) {
      std::erase_if(events, [&](const auto& event) { return event.first == run; });
      parts_.on_fenced(run);
    }
    for (auto& [run, event] : events) parts_.bus.publish(run, std::move(event));
  } else {
    status = report.error();
    // What was added meanwhile for these runs builds on rows that do not exist.
    std::sort(runs.begin(), runs.end());
    runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
    std::erase_if(buffer_, [&](const auto& write) {
      return std::binary_search(runs.begin(), runs.end(), run_of(write));
    });
    ++batch_;
    for (const RunId& run : runs) parts_.on_failed(run, report.error());
  }
  for (auto& waiter : waiters) waiter(status);
  if (*alive && (wanted_while_in_flight_ || !waiters_.empty())) schedule_submit();
}

}  // namespace pilot::engine
