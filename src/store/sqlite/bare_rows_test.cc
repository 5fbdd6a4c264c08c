#include "store/sqlite/bare_rows.h"

#include "store/sqlite/sqlite_under_test.h"

namespace pilot::store::sqlite {
namespace {

TEST(BareRowsTest, MeasuresBothWorkloadsAndLeavesNothing) {
  TemporaryFolder folder;
  Log log(LogLevel::off);
  const auto file = folder.path() / "bare.db";
  const auto rates = measure_bare_rows(file, std::chrono::milliseconds{5}, log);
  ASSERT_TRUE(rates) << rates.error().message;
  ASSERT_EQ(rates->size(), 4u);
  for (const BareRate& rate : *rates) {
    EXPECT_GT(rate.per_second, 0) << rate.workload << rate.batch;
    EXPECT_LE(rate.p50_ms, rate.p99_ms);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(BareRowsTest, NeverTouchesAFileThatIsThere) {
  TemporaryFolder folder;
  Log log(LogLevel::off);
  const auto file = folder.path() / "pilot.db";
  write_file(file, "precious");
  EXPECT_FALSE(measure_bare_rows(file, std::chrono::milliseconds{5}, log));
  EXPECT_EQ(read_file(file), "precious");
}

}  // namespace
}  // namespace pilot::store::sqlite
