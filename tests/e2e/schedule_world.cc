#include "schedule_world.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/clock.h"

namespace pilot::e2e {
namespace {

// Every item of a paged list, in its order.
template <class Each>
void read_pages(const Server& server, const std::string& target, const std::string& key,
                Each each) {
  std::string cursor;
  do {
    const Answer page =
        server.get(target + (cursor.empty() ? ""
                                            : (target.find('?') == target.npos ? "?" : "&") +
                                                  std::string("cursor=") + cursor));
    ASSERT_EQ(page.status, 200) << page.body;
    for (const Json& item : list_at(page.json, key)) each(item);
    cursor = page.text("next_cursor");
  } while (!cursor.empty());
}

}  // namespace

std::string moment_of(Seconds instant) {
  return to_rfc3339(WallTime{std::chrono::seconds{instant}});
}

Seconds wall_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Seconds seconds_of(std::string_view rfc3339) {
  const Result<WallTime> time = parse_rfc3339(rfc3339);
  return time ? to_unix_micros(*time) / 1'000'000 : -1;
}

std::string faketime_library() {
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib")) {
    const auto library = entry.path() / "faketime" / "libfaketimeMT.so.1";
    std::error_code none;
    if (std::filesystem::exists(library, none)) return library.string();
  }
  return "";
}

ScheduleWorld::ScheduleWorld(bool fake_clock) {
  if (!fake_clock) return;
  clock_file_ = (dir_.path() / "clock").string();
  set_offset(0);
}

void ScheduleWorld::start() {
  Arguments environment;
  if (!clock_file_.empty()) {
    environment = {"/usr/bin/env",
                   "LD_PRELOAD=" + faketime_library(),
                   "FAKETIME_TIMESTAMP_FILE=" + clock_file_,
                   "FAKETIME_NO_CACHE=1",
                   "DONT_FAKE_MONOTONIC=1",
                   "FAKETIME_DONT_FAKE_MONOTONIC=1",
                   "FAKETIME_DISABLE_SHM=1"};
  }
  server_ = std::make_unique<Server>(dir_.path() / "data", Arguments{}, environment);
  ASSERT_TRUE(server_->up());
}

void ScheduleWorld::kill() { server_->kill(); }

void ScheduleWorld::set_offset(double seconds) {
  offset_ = seconds;
  // Renamed over: the server never reads half a number.
  const std::string next = clock_file_ + ".next";
  std::ofstream(next) << fmt::format("{:+.3f}\n", seconds);
  std::filesystem::rename(next, clock_file_);
}

Seconds ScheduleWorld::now() const { return wall_seconds() + static_cast<Seconds>(offset_); }

std::string ScheduleWorld::save(const std::string& trigger) {
  const std::string body =
      quoted("{'name':'s','trigger':{'type':'schedule'," + trigger +
             "},'plan_json':{'steps':[{'provider':'logic','action':'set','params':{'x':1}}]}}");
  const Answer made = server_->post("/api/plans", body);
  EXPECT_EQ(made.status, 201) << made.body;
  return made.text("id");
}

std::vector<Json> ScheduleWorld::fires(const std::string& plan) const {
  std::vector<Json> rows;
  read_pages(*server_, "/api/scheduler/fires?limit=500&plan_id=" + plan, "fires",
             [&](const Json& row) { rows.push_back(row); });
  std::reverse(rows.begin(), rows.end());
  return rows;
}

Seconds ScheduleWorld::last(const std::string& plan) const {
  const Answer page = server_->get("/api/scheduler/fires?limit=1&plan_id=" + plan);
  const JsonArray& rows = list_at(page.json, "fires");
  return rows.empty() ? -1 : seconds_of(text_at(rows[0], "last_scheduled_at"));
}

bool ScheduleWorld::reaches(const std::string& plan, Seconds instant) const {
  return eventually([&] { return last(plan) >= instant; });
}

std::map<std::string, std::vector<Json>> ScheduleWorld::all_fires() const {
  std::map<std::string, std::vector<Json>> rows;
  read_pages(*server_, "/api/scheduler/fires?limit=500", "fires",
             [&](const Json& row) { rows[text_at(row, "plan_id")].push_back(row); });
  for (auto& [plan, list] : rows) std::reverse(list.begin(), list.end());
  return rows;
}

std::set<std::string> ScheduleWorld::all_runs() const {
  std::set<std::string> runs;
  read_pages(*server_, "/api/runs?limit=500", "runs", [&](const Json& run) {
    EXPECT_TRUE(runs.insert(text_at(run, "id")).second);
    EXPECT_EQ(text_at(run, "trigger/type"), "schedule");
  });
  return runs;
}

void ScheduleWorld::check(const std::vector<std::string>& plans, Seconds first, Seconds until,
                          Seconds step, const std::vector<std::string>& others) const {
  for (const std::string& plan : plans) {
    EXPECT_EQ(server_->post("/api/plans/" + plan + "/unschedule", "{}").status, 200);
  }
  EXPECT_TRUE(eventually([&] {
    for (const char* status : {"queued", "running", "waiting"}) {
      const Answer open = server_->get(std::string("/api/runs?limit=1&status=") + status);
      if (!list_at(open.json, "runs").empty()) return false;
    }
    return true;
  })) << "runs do not end";
  std::set<std::string> runs = all_runs();
  const std::size_t made = runs.size();
  const auto rows = all_fires();
  std::map<std::string, int> rows_of;
  for (const std::string& plan : plans) {
    SCOPED_TRACE("plan " + plan);
    const auto it = rows.find(plan);
    ASSERT_NE(it, rows.end());
    check_plan(it->second, first, until, step, runs);
    for (const Json& row : it->second) {
      const std::string cause = text_at(row, "cause");
      ++rows_of[cause.empty() ? "fired" : cause];
    }
  }
  for (const std::string& plan : others) {
    for (const Json& row : fires(plan)) runs.erase(text_at(row, "run_id"));
  }
  EXPECT_TRUE(runs.empty()) << runs.size() << " runs without a fire";
  for (const auto& [what, count] : rows_of) fmt::print("{} {}, ", count, what);
  fmt::print("{} runs\n", made);
}

void ScheduleWorld::check_plan(const std::vector<Json>& rows, Seconds first, Seconds until,
                               Seconds step, std::set<std::string>& runs) const {
  Seconds expected = first;
  for (const Json& row : rows) {
    const Seconds begin = seconds_of(text_at(row, "scheduled_at"));
    const Seconds end = seconds_of(text_at(row, "last_scheduled_at"));
    ASSERT_EQ(begin, expected) << to_json(row);
    ASSERT_GE(end, begin) << to_json(row);
    if (!at(row, "count").is_null()) {
      EXPECT_EQ(at(row, "count"), Json((end - begin) / step + 1)) << to_json(row);
    }
    expected = end + step;
    if (text_at(row, "status") == "fired") {
      EXPECT_EQ(begin, end);
      EXPECT_EQ(runs.erase(text_at(row, "run_id")), 1u) << to_json(row);
    } else {
      EXPECT_FALSE(text_at(row, "cause").empty()) << to_json(row);
      EXPECT_TRUE(at(row, "run_id").is_null()) << to_json(row);
    }
  }
  EXPECT_GT(expected, until);
}

}  // namespace pilot::e2e
