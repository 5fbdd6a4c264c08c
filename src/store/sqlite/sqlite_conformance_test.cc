// The SQLite store passes the suite that every store must pass, in each of its three shapes.
#include "store/sqlite/sqlite_under_test.h"

namespace pilot::store {

using sqlite::SqliteUnderTest;

INSTANTIATE_TEST_SUITE_P(
    Sqlite, StoreConformance,
    testing::Values(
        StoreFactory{"FileWithThreads",
                     [] { return std::make_unique<SqliteUnderTest>(false, true); }},
        StoreFactory{"FileAtOnce", [] { return std::make_unique<SqliteUnderTest>(false, false); }},
        StoreFactory{"Memory", [] { return std::make_unique<SqliteUnderTest>(true, false); }}),
    name_of);

}  // namespace pilot::store
