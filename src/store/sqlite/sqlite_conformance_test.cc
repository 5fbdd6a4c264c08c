// The SQLite store passes the suite that every store must pass, in each of its three shapes.
#include "store/faulty_store_for_test.h"
#include "store/schedule_conformance.h"
#include "store/sqlite/sqlite_under_test.h"

namespace pilot::store {

using sqlite::SqliteUnderTest;

namespace {

// The engine's tests see a store through the fault layer: it must pass everything on.
class ThroughFaults final : public StoreUnderTest {
 public:
  Store& store() override { return faulty_; }

 private:
  SqliteUnderTest inner_{true, false};
  FaultyStore faulty_{inner_.store()};
};

}  // namespace

INSTANTIATE_TEST_SUITE_P(
    Sqlite, StoreConformance,
    testing::Values(
        StoreFactory{"FileWithThreads",
                     [] { return std::make_unique<SqliteUnderTest>(false, true); }},
        StoreFactory{"FileAtOnce", [] { return std::make_unique<SqliteUnderTest>(false, false); }},
        StoreFactory{"Memory", [] { return std::make_unique<SqliteUnderTest>(true, false); }}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Sqlite, ScheduleConformance,
    testing::Values(
        StoreFactory{"FileWithThreads",
                     [] { return std::make_unique<SqliteUnderTest>(false, true); }},
        StoreFactory{"Memory", [] { return std::make_unique<SqliteUnderTest>(true, false); }},
        StoreFactory{"ThroughFaults", [] { return std::make_unique<ThroughFaults>(); }}),
    name_of);

}  // namespace pilot::store
