// A server with scheduled plans, on a clock that the test may move (libfaketime), killed and
// started as often as a test likes; and the checker of what must have become of each due instant.
// The checker counts seconds; it shares no code with Pilot's own calendar.
#pragma once

#include <map>
#include <set>

#include "pilot.h"

namespace pilot::e2e {

using Seconds = std::int64_t;  // since 1970, UTC

std::string moment_of(Seconds instant);        // RFC 3339
Seconds wall_seconds();                        // of this process: the real one
Seconds seconds_of(std::string_view rfc3339);  // -1: it is none

// Where libfaketime is; empty if it is not installed.
std::string faketime_library();

class ScheduleWorld {
 public:
  // `fake_clock`: the server's wall clock is ours; its monotonic one is not touched.
  explicit ScheduleWorld(bool fake_clock = false);

  void start();
  void kill();
  Server* operator->() { return server_.get(); }
  // The server's clock is that much ahead of the real one, from now on.
  void set_offset(double seconds);
  Seconds now() const;  // on the server's clock
  double offset() const { return offset_; }

  // Saves a plan of one step with this trigger beside {type: schedule}: "'cron_expression': ...".
  // Answers its id.
  std::string save(const std::string& trigger);

  // All rows of a plan's fires, the oldest first.
  std::vector<Json> fires(const std::string& plan) const;
  // The last instant that has a row; -1 without one.
  Seconds last(const std::string& plan) const;
  bool reaches(const std::string& plan, Seconds instant) const;

  // Of schedules whose instants are `step` apart: from `first` to at least `until` each instant has
  // exactly one row; every fired one has its run, no run has none, and all runs end.
  // `others` are plans that also have runs.
  void check(const std::vector<std::string>& plans, Seconds first, Seconds until, Seconds step,
             const std::vector<std::string>& others = {}) const;

 private:
  std::map<std::string, std::vector<Json>> all_fires() const;
  std::set<std::string> all_runs() const;
  void check_plan(const std::vector<Json>& rows, Seconds first, Seconds until, Seconds step,
                  std::set<std::string>& runs) const;

  TempDir dir_;
  std::string clock_file_;  // empty: the real clock
  double offset_ = 0;
  std::unique_ptr<Server> server_;
};

}  // namespace pilot::e2e
