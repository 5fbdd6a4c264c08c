// Disks that fail and disks that are full, at every write and every sync in turn: no call says "ok"
// for what is not there afterwards, and the store serves again as soon as the disk does.
#include "store/sqlite/errors.h"
#include "store/sqlite/fault_vfs.h"
#include "store/sqlite/migrate.h"
#include "store/sqlite/sqlite_under_test.h"
#include "store/sqlite/writer.h"

#include <sqlite3.h>

#include <cerrno>

namespace pilot::store::sqlite {
namespace {

class SqliteFaultsTest : public testing::Test {
 protected:
  using Run = pilot::Run;  // testing::Test has a member of this name
  Status write(Store& store, int i, std::size_t bytes = 100) {
    const Run run = make_run(fmt::format("run-{:04}", i));
    Attempt attempt = make_attempt(run, 1);
    attempt.output = Json(std::string(bytes, 'x'));
    std::vector<JournalWrite> batch{InsertRun{run}, put(run, attempt), update(ended(run))};
    const auto report = shard_.wait(store.write(std::move(batch)));
    return report ? ok() : Status(report.error());
  }
  bool there(Store& store, int i) {
    return shard_.wait(store.find_run(kAda, {fmt::format("run-{:04}", i)})).has_value();
  }

  Log log_{LogLevel::off};
  Shard shard_;
};

class EveryFaultTest : public SqliteFaultsTest,
                       public testing::WithParamInterface<std::tuple<FaultVfs::Kind, bool>> {};

TEST_P(EveryFaultTest, NothingThatWasAnsweredIsLostAndItServesAgain) {
  const auto [kind, lasting] = GetParam();
  bool struck = true;
  int faults = 0;
  for (int n = 1; struck && n < 400; ++n) {
    SCOPED_TRACE(n);
    TemporaryFolder folder(TemporaryFolder::Where::memory);
    const auto file = folder.path() / "pilot.db";
    FaultVfs disk;
    {
      auto store = open_sqlite({.file = file, .threads = false}, log_);
      ASSERT_TRUE(store);
      disk.fail_at(n, kind, lasting);
      std::vector<int> answered;
      for (int i = 0; i < 8; ++i) {
        const Status done = write(**store, i, i == 4 ? 200'000 : 100);
        if (done) answered.push_back(i);
        if (!done) {
          EXPECT_EQ(done.error().kind, ErrorKind::unavailable) << done.error().message;
          EXPECT_TRUE(done.error().retry_after);
        }
        for (int known : answered) EXPECT_TRUE(there(**store, known)) << known;
      }
      struck = disk.failed();
      faults += struck ? 1 : 0;
      if (!lasting) EXPECT_GE(answered.size(), 7u);
      disk.heal();
      for (int i = 100; i < 103; ++i) {
        const Status done = write(**store, i);
        EXPECT_TRUE(done) << done.error().message;
        if (done) answered.push_back(i);
      }
      // Without a clean end, as after a crash: a copy of the files.
      const auto copy = folder.path() / "copy.db";
      std::filesystem::copy_file(file, copy);
      std::filesystem::copy_file(file.string() + "-wal", copy.string() + "-wal");
      for (const auto& path : {copy, file}) {
        if (path == file) store->reset();
        auto again = open_sqlite({.file = path, .threads = false}, log_);
        ASSERT_TRUE(again) << again.error().message;
        for (int known : answered) EXPECT_TRUE(there(**again, known)) << known;
        EXPECT_EQ(shard_.wait((*again)->check(true))->integrity, "ok");
      }
    }
  }
  EXPECT_FALSE(struck) << "the history is longer than the faults tried";
  EXPECT_GT(faults, 20);
}

INSTANTIATE_TEST_SUITE_P(Faults, EveryFaultTest,
                         testing::Combine(testing::Values(FaultVfs::Kind::io_error,
                                                          FaultVfs::Kind::disk_full),
                                          testing::Bool()),
                         [](const auto& tested) {
                           const bool io = std::get<0>(tested.param) == FaultVfs::Kind::io_error;
                           const bool lasting = std::get<1>(tested.param);
                           return std::string(io ? "IoError" : "DiskFull") +
                                  (lasting ? "Lasting" : "Once");
                         });

TEST_F(SqliteFaultsTest, FullDiskSaysSoAndItServesOnceThereIsSpace) {
  TemporaryFolder folder;
  FaultVfs disk;
  auto store = open_sqlite({.file = folder.path() / "pilot.db"}, log_);
  ASSERT_TRUE(store);
  disk.fail_at(1, FaultVfs::Kind::disk_full, true);
  for (int i = 0; i < 3; ++i) {
    const Status done = write(**store, i);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, "database_full");
    EXPECT_EQ(done.error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(done.error().retry_after);
  }
  EXPECT_TRUE(shard_.wait((*store)->list_runs(kAda, {}, {})));
  disk.heal();
  EXPECT_TRUE(write(**store, 5));
}

TEST_F(SqliteFaultsTest, OpeningOnAFullDiskSaysSo) {
  TemporaryFolder folder;
  FaultVfs disk;
  disk.fail_at(1, FaultVfs::Kind::disk_full, true);
  const auto store = open_sqlite({.file = folder.path() / "pilot.db"}, log_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, "database_full");
  disk.heal();
  EXPECT_TRUE(open_sqlite({.file = folder.path() / "pilot.db"}, log_));
}

// The one that does not fit must not take those with it that do.
TEST_F(SqliteFaultsTest, JobTooLargeForTheDiskFailsAlone) {
  TemporaryFolder folder;
  auto db = Connection::open({.file = folder.path() / "pilot.db"});
  ASSERT_TRUE(db);
  ASSERT_TRUE(migrate(**db, sqlite_migrations(), log_));
  Writer writer(std::move(*db), {.file = folder.path() / "pilot.db"}, true, log_);
  const auto limit = [](Connection& on) { return on.execute("PRAGMA max_page_count = 60"); };
  ASSERT_TRUE(shard_.wait(writer.run(limit)));

  const auto insert = [](int i, std::size_t bytes) {
    return [i, value = std::string(bytes, 'v')](Connection& on) {
      static constexpr char kInsert[] =
          "INSERT INTO provider_credentials (user_id, provider, connection, type, created_at,"
          " updated_at, encrypted_value) VALUES ('ada', 'p', 'c', ?1, 0, 0, ?2)";
      const std::string type = std::to_string(i);
      return on.query(kInsert).bind(type, value).run();
    };
  };
  std::vector<std::shared_ptr<std::optional<Status>>> answers;
  for (int i = 0; i < 20; ++i) {
    answers.push_back(shard_.start(writer.run(insert(i, i % 5 == 2 ? 400'000 : 50))));
  }
  shard_.run();
  for (int i = 0; i < 20; ++i) {
    const Status& done = answers[static_cast<std::size_t>(i)]->value();
    EXPECT_EQ(done.has_value(), i % 5 != 2) << i;
    if (!done) EXPECT_EQ(done.error().code, "database_full");
  }
}

TEST(SqliteErrorsTest, EachResultHasItsCodeAndNoneNamesTheFolder) {
  const std::filesystem::path file = "/secret/place/pilot.db";
  const auto code = [&](int result, int errno_value = 0) {
    const Error error = database_failure(result, errno_value, file, "words of SQLite");
    EXPECT_EQ(error.message.find("/secret"), std::string::npos);
    return std::string(error.code_or_kind());
  };
  EXPECT_EQ(code(SQLITE_FULL), "database_full");
  EXPECT_EQ(code(SQLITE_IOERR_WRITE), "database_error");
  EXPECT_EQ(code(SQLITE_IOERR_FSYNC, ENOSPC), "database_full");
  EXPECT_EQ(code(SQLITE_READONLY_DBMOVED), "database_read_only");
  EXPECT_EQ(code(SQLITE_CORRUPT_INDEX), "database_corrupt");
  EXPECT_EQ(code(SQLITE_NOTADB), "database_corrupt");
  EXPECT_EQ(code(SQLITE_BUSY_SNAPSHOT), "database_busy");
  EXPECT_EQ(code(SQLITE_LOCKED), "database_busy");
  EXPECT_EQ(code(SQLITE_CONSTRAINT_PRIMARYKEY), "duplicate_id");
  EXPECT_EQ(code(SQLITE_CONSTRAINT_NOTNULL), "internal");
  EXPECT_EQ(code(SQLITE_TOOBIG), "row_too_large");
}

}  // namespace
}  // namespace pilot::store::sqlite
