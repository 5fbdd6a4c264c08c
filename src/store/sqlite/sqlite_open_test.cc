// Opening: migrations, and every kind of file that cannot be opened, each with its own clear error.
#include <sqlite3.h>
#include <sys/stat.h>

#include "store/migrations.h"
#include "store/preview.h"
#include "store/sqlite/migrate.h"
#include "store/sqlite/sqlite_under_test.h"

namespace pilot::store::sqlite {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SqliteOpenTest : public testing::Test {
 protected:
  using Run = pilot::Run;  // testing::Test has a member of this name
  std::filesystem::path file() const { return folder_.path() / "pilot.db"; }
  Result<std::unique_ptr<Store>> open() { return open_sqlite({.file = file()}, log_); }
  void expect_refused(std::string_view code, std::string_view words) {
    const auto store = open();
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, code) << store.error().message;
    EXPECT_THAT(store.error().message, HasSubstr(std::string(words)));
    EXPECT_THAT(store.error().message, HasSubstr(file().string()));
  }
  // Runs SQL on the file from outside.
  std::string sql(const std::string& text) {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(file().c_str(), &db), SQLITE_OK);
    std::string rows;
    const auto row = [](void* out, int count, char** values, char**) {
      for (int i = 0; i < count; ++i) {
        *static_cast<std::string*>(out) += std::string(values[i] ? values[i] : "NULL") + "|";
      }
      return 0;
    };
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(db, text.c_str(), row, &rows, &error), SQLITE_OK) << error;
    sqlite3_close(db);
    return rows;
  }
  void make_store(int runs = 1) {
    auto store = open();
    ASSERT_TRUE(store) << store.error().message;
    for (int i = 0; i < runs; ++i) {
      const Run run = make_run(fmt::format("run-{:04}", i));
      Attempt attempt = make_attempt(run, 1);
      attempt.output = Json(std::string(700, 'x'));
      std::vector<JournalWrite> batch{InsertRun{run}, put(run, attempt)};
      ASSERT_TRUE(shard_.wait((*store)->write(std::move(batch))));
    }
  }

  TemporaryFolder folder_;
  Log log_{LogLevel::off};
  Shard shard_;
};

TEST_F(SqliteOpenTest, MigratesFromScratchAndThenNothingMore) {
  const int latest = sqlite_migrations().back().number;
  const auto first = migrate_sqlite(file(), log_);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->from, 0);
  EXPECT_EQ(first->to, latest);
  EXPECT_EQ(first->applied.size(), sqlite_migrations().size());
  const auto second = migrate_sqlite(file(), log_);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->from, latest);
  EXPECT_THAT(second->applied, IsEmpty());
  ASSERT_TRUE(open());
  EXPECT_EQ(sql("PRAGMA user_version"), std::to_string(latest) + "|");
}

TEST_F(SqliteOpenTest, MigrationNumbersGoUpAndEachSetsItsOwn) {
  int before = 0;
  for (const Migration& migration : sqlite_migrations()) {
    EXPECT_EQ(migration.number, ++before) << migration.name;
  }
}

TEST_F(SqliteOpenTest, FailedMigrationLeavesTheVersionBefore) {
  make_store();
  const int latest = sqlite_migrations().back().number;
  std::vector<Migration> more = sqlite_migrations();
  const auto add = [&](int number, const std::string& text) {
    more.push_back({number, "extra", text + "; PRAGMA user_version=" + std::to_string(number)});
  };
  add(latest + 1, "CREATE TABLE one (a)");
  add(latest + 2, "CREATE TABLE two (a); CREATE TABLE one (a)");
  {
    auto db = Connection::open({.file = file()});
    ASSERT_TRUE(db);
    EXPECT_FALSE(migrate(**db, more, log_));
  }
  EXPECT_EQ(sql("PRAGMA user_version"), std::to_string(latest + 1) + "|");
  EXPECT_EQ(sql("SELECT name FROM sqlite_schema WHERE name IN ('one', 'two')"), "one|");
  EXPECT_EQ(sql("SELECT count(*) FROM runs"), "1|");
}

TEST_F(SqliteOpenTest, NewerFileIsRefusedWithBothVersions) {
  make_store();
  sql("PRAGMA user_version = 99");
  expect_refused("database_newer", "version 99");
  expect_refused("database_newer", "up to " + std::to_string(sqlite_migrations().back().number));
  EXPECT_EQ(sql("SELECT count(*) FROM runs"), "1|");
}

TEST_F(SqliteOpenTest, FileThatIsNoDatabaseIsRefusedAndLeftAlone) {
  const std::string text(5'000, 'n');
  write_file(file(), text);
  expect_refused("database_corrupt", "no SQLite database");
  EXPECT_EQ(read_file(file()), text);
}

TEST_F(SqliteOpenTest, DamagedHeaderIsRefused) {
  make_store();
  std::string bytes = read_file(file());
  ASSERT_GT(bytes.size(), 4096u);
  for (std::size_t i = 100; i < 4'096; ++i) bytes[i] = static_cast<char>(i * 7);
  write_file(file(), bytes);
  expect_refused("database_corrupt", "damaged");
}

TEST_F(SqliteOpenTest, CutFileIsRefusedOrItsRowsAre) {
  make_store(100);
  std::string bytes = read_file(file());
  write_file(file(), bytes.substr(0, 6 * 4'096));
  auto store = open();
  if (!store) {
    EXPECT_EQ(store.error().code, "database_corrupt");
    return;
  }
  const auto health = shard_.wait((*store)->check(true));
  EXPECT_TRUE(!health || health->integrity != "ok");
}

TEST_F(SqliteOpenTest, DamagedPagesFailTheCallAndNotTheProcess) {
  make_store(0);
  const std::size_t empty = read_file(file()).size() / 4'096;  // what opening it reads stays whole
  make_store(200);
  std::string bytes = read_file(file());
  for (std::size_t page = empty; (page + 1) * 4'096 <= bytes.size(); ++page) {
    for (std::size_t i = 0; i < 4'096; ++i) bytes[page * 4'096 + i] = static_cast<char>(i * 31 + 5);
  }
  write_file(file(), bytes);
  auto store = open();
  ASSERT_TRUE(store) << store.error().message;
  int corrupt = 0;
  for (int i = 0; i < 200; ++i) {
    const auto run = shard_.wait((*store)->find_run(kAda, {fmt::format("run-{:04}", i)}));
    if (!run && run.error().code == "database_corrupt") ++corrupt;
    if (!run) EXPECT_THAT(run.error().message, testing::Not(HasSubstr(folder_.path().string())));
  }
  EXPECT_GT(corrupt, 0);
  const auto health = shard_.wait((*store)->check(true));
  EXPECT_TRUE(!health || health->integrity != "ok");
}

TEST_F(SqliteOpenTest, AnotherProgramsDatabaseIsRefusedAndLeftAlone) {
  sql("CREATE TABLE recipes (a)");
  expect_refused("database_error", "another program");
  EXPECT_EQ(sql("SELECT name FROM sqlite_schema"), "recipes|");
}

TEST_F(SqliteOpenTest, MissingFolderAndFolderInPlaceOfFileAreNamed) {
  const auto missing = open_sqlite({.file = folder_.path() / "none" / "pilot.db"}, log_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "database_error");
  EXPECT_THAT(missing.error().message, HasSubstr("there is no folder"));
  std::filesystem::create_directory(file());
  expect_refused("database_error", "it is a folder");
}

// Root may write everything, so the test becomes somebody else for a moment.
class AsNobody {
 public:
  AsNobody() : was_root_(geteuid() == 0) {
    if (was_root_) changed_ = setegid(65534) == 0 && seteuid(65534) == 0;
  }
  ~AsNobody() {
    if (was_root_) static_cast<void>(seteuid(0) + setegid(0));
  }
  bool can_tell() const { return !was_root_ || changed_; }

 private:
  bool was_root_;
  bool changed_ = false;
};

TEST_F(SqliteOpenTest, ReadOnlyFileIsRefused) {
  make_store();
  ::chmod(folder_.path().c_str(), 0777);
  ::chmod(file().c_str(), 0444);
  const AsNobody nobody;
  if (!nobody.can_tell()) GTEST_SKIP() << "cannot change the user";
  expect_refused("database_read_only", "write access");
}

TEST_F(SqliteOpenTest, ReadOnlyFolderIsRefused) {
  make_store();
  ::chmod(folder_.path().c_str(), 0555);
  ::chmod(file().c_str(), 0666);
  const AsNobody nobody;
  if (!nobody.can_tell()) GTEST_SKIP() << "cannot change the user";
  expect_refused("database_read_only", "write access");
}

TEST_F(SqliteOpenTest, FilesAreForTheirOwnerOnly) {
  auto store = open();
  ASSERT_TRUE(store);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status {};
    ASSERT_EQ(::stat((file().string() + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
  }
}

TEST_F(SqliteOpenTest, ComputedColumnsAreThoseOfTheOldService) {
  const Run run = make_run("run-1");
  const std::vector<Json> outputs = {nullptr,
                                     "plain \"text\"",
                                     JsonObject{{"a", JsonArray{1.5}}},
                                     Json(std::string(900, 'x')),
                                     true,
                                     Json("\xF0\x9F\x98\x80 smile")};
  {
    auto store = open();
    ASSERT_TRUE(store);
    std::vector<JournalWrite> batch{InsertRun{run}};
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      Attempt attempt = make_attempt(run, static_cast<std::int64_t>(i) + 1);
      attempt.output = outputs[i];
      attempt.error = JsonObject{{"code", "http_500"}, {"message", "it \"broke\""}};
      batch.emplace_back(put(run, attempt));
    }
    ASSERT_TRUE(shard_.wait((*store)->write(std::move(batch))));
  }
  EXPECT_EQ(sql("SELECT id, error, error_code, timestamp, created_at FROM execution_logs LIMIT 1"),
            "run-1-1|it \"broke\"|http_500|1800000000000000|1800000000000000|");
  std::string previews;
  for (const Json& output : outputs) {
    previews += (output.is_null() ? "NULL" : output_preview(output)) + "|";
  }
  EXPECT_EQ(sql("SELECT output_preview FROM execution_logs ORDER BY seq"), previews);
}

// A copy of the files taken while the store is open is what a crash leaves behind.
TEST_F(SqliteOpenTest, EverythingAnsweredIsThereAfterACrash) {
  auto store = open();
  ASSERT_TRUE(store);
  for (int i = 0; i < 50; ++i) {
    const Run run = make_run(fmt::format("run-{:04}", i));
    std::vector<JournalWrite> batch{InsertRun{run}, put(run, make_attempt(run, 1))};
    ASSERT_TRUE(shard_.wait((*store)->write(std::move(batch))));
  }
  const auto copy = folder_.path() / "copy.db";
  std::filesystem::copy_file(file(), copy);
  std::filesystem::copy_file(file().string() + "-wal", copy.string() + "-wal");
  auto reopened = open_sqlite({.file = copy}, log_);
  ASSERT_TRUE(reopened) << reopened.error().message;
  const auto runs = shard_.wait((*reopened)->list_runs(kAda, {}, {.limit = 500, .cursor = {}}));
  ASSERT_TRUE(runs);
  EXPECT_EQ(runs->items.size(), 50u);
  EXPECT_EQ(shard_.wait((*reopened)->check(true))->integrity, "ok");
  EXPECT_EQ(*shard_.wait((*reopened)->release_others("node-b")), 50);
}

TEST_F(SqliteOpenTest, WriteAheadLogStaysBounded) {
  auto store = open();
  ASSERT_TRUE(store);
  const Run run = make_run("r");
  std::vector<JournalWrite> first{InsertRun{run}};
  ASSERT_TRUE(shard_.wait((*store)->write(std::move(first))));
  for (int i = 1; i <= 200; ++i) {
    Attempt attempt = make_attempt(run, i);
    attempt.output = Json(std::string(400u << 10, 'x'));
    std::vector<JournalWrite> batch{put(run, attempt)};
    ASSERT_TRUE(shard_.wait((*store)->write(std::move(batch))));
  }
  EXPECT_LT(std::filesystem::file_size(file().string() + "-wal"), 24u << 20);
  EXPECT_GT(std::filesystem::file_size(file()), 50u << 20);
}

}  // namespace
}  // namespace pilot::store::sqlite
