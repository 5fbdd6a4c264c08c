// The PostgreSQL store passes the suite that every store must pass.
#include "store/postgres/postgres_under_test.h"
#include "store/schedule_conformance.h"

namespace pilot::store {

using postgres::PostgresUnderTest;

namespace {

StoreFactory direct() {
  return {"Direct", [] { return std::make_unique<PostgresUnderTest>(); }, false};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Postgres, StoreConformance, testing::Values(direct()), name_of);
INSTANTIATE_TEST_SUITE_P(Postgres, SharedStoreConformance, testing::Values(direct()), name_of);
INSTANTIATE_TEST_SUITE_P(Postgres, ScheduleConformance, testing::Values(direct()), name_of);

}  // namespace pilot::store
