// The PostgreSQL store passes the suite that every store must pass, also behind pgbouncer in
// transaction mode.
#include "store/postgres/pgbouncer_under_test.h"
#include "store/postgres/postgres_under_test.h"
#include "store/schedule_conformance.h"

namespace pilot::store {

using postgres::PooledUnderTest;
using postgres::PostgresUnderTest;

namespace {

StoreFactory direct() {
  return {"Direct", [] { return std::make_unique<PostgresUnderTest>(); }, false};
}
StoreFactory pooled() {
  return {"Pooled", [] { return std::make_unique<PooledUnderTest>(); }, false};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Postgres, StoreConformance, testing::Values(direct()), name_of);
INSTANTIATE_TEST_SUITE_P(Postgres, SharedStoreConformance, testing::Values(direct()), name_of);
INSTANTIATE_TEST_SUITE_P(Postgres, ScheduleConformance, testing::Values(direct()), name_of);
INSTANTIATE_TEST_SUITE_P(PgBouncer, StoreConformance, testing::Values(pooled()), name_of);
INSTANTIATE_TEST_SUITE_P(PgBouncer, SharedStoreConformance, testing::Values(pooled()), name_of);
INSTANTIATE_TEST_SUITE_P(PgBouncer, ScheduleConformance, testing::Values(pooled()), name_of);

}  // namespace pilot::store
