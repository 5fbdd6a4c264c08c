// The scheduler's own queries come from indexes: none looks at all schedules or all runs.
#include <sqlite3.h>

#include "store/sqlite/schedule_rows.h"
#include "store/sqlite/sqlite_under_test.h"

namespace pilot::store::sqlite {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class SchedulePlanTest : public testing::Test {
 protected:
  SchedulePlanTest() {
    EXPECT_TRUE(open_sqlite({.file = file()}, log_));
    EXPECT_EQ(sqlite3_open(file().c_str(), &db_), SQLITE_OK);
  }
  ~SchedulePlanTest() override { sqlite3_close(db_); }
  std::string file() const { return (folder_.path() / "pilot.db").string(); }
  // How SQLite would do it, a step a line.
  std::string plan_of(const std::string& query) {
    std::string steps;
    const auto row = [](void* out, int count, char** values, char**) {
      *static_cast<std::string*>(out) += std::string(values[count - 1]) + "\n";
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(db_, ("EXPLAIN QUERY PLAN " + query).c_str(), row, &steps, nullptr),
              SQLITE_OK)
        << sqlite3_errmsg(db_);
    return steps;
  }

  TemporaryFolder folder_;
  Log log_{LogLevel::off};
  sqlite3* db_ = nullptr;
};

TEST_F(SchedulePlanTest, WhatIsDueComesFromAnIndex) {
  EXPECT_THAT(plan_of(kDueSchedules.text),
              AllOf(HasSubstr("SEARCH s USING INDEX schedules_due"), Not(HasSubstr("SCAN")),
                    Not(HasSubstr("TEMP B-TREE"))));
  EXPECT_THAT(plan_of(kNextFire), AllOf(HasSubstr("INDEX schedules_due"), Not(HasSubstr("SCAN"))));
  EXPECT_THAT(plan_of(kOpenOfSchedule),
              AllOf(HasSubstr("INDEX runs_open_of_schedule (user_id=? AND schedule_id=?)"),
                    Not(HasSubstr("SCAN"))));
}

}  // namespace
}  // namespace pilot::store::sqlite
