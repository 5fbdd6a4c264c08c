// D5: PostgreSQL's disk is full, where its tables are and where its write-ahead log is. Pilot says
// 503 and when to come again, never "ok" to what is not recorded, and serves again by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/mount.h>

#include "base/crypto.h"
#include "base/random.h"
#include "pilot.h"
#include "postgres.h"
#include "store/postgres/cluster_under_test.h"

namespace pilot::e2e {
namespace {

using std::chrono::seconds;
using store::postgres::Cluster;
using testing::AnyOf;

// A small file system that PostgreSQL may write to, where this user may mount one.
class SmallDisk {
 public:
  explicit SmallDisk(int mebibytes) : path_(folder_ / "disk") {
    std::filesystem::create_directory(path_);
    mounted_ = mount(0, fmt::format("{}m", mebibytes));
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  bool grow() const { return mount(MS_REMOUNT, "1g"); }
  const std::filesystem::path& path() const { return path_; }

 private:
  bool mount(unsigned long flags, const std::string& size) const {
    const passwd* owner = ::geteuid() == 0 ? ::getpwnam("postgres") : ::getpwuid(::geteuid());
    if (owner == nullptr) return false;
    const std::string options =
        fmt::format("size={},mode=0700,uid={},gid={}", size, owner->pw_uid, owner->pw_gid);
    return ::mount("none", path_.c_str(), "tmpfs", flags, options.c_str()) == 0;
  }
  store::postgres::Folder folder_;
  std::filesystem::path path_;
  bool mounted_ = false;
};

class PostgresDisk : public testing::Test {
 protected:
  void SetUp() override {
    const auto random = make_seeded_random(7);
    std::string bytes(150'000, '\0');
    for (char& c : bytes) c = static_cast<char>(random->next());
    // Nothing that PostgreSQL could compress.
    body_ =
        fmt::format(R"({{"plan":[{{"provider":"logic","action":"set","params":{{"x":"{}"}}}}]}})",
                    crypto::base64(bytes));
  }
  std::filesystem::path data() const { return dir_.path() / "data"; }
  void use(const std::string& url) const {
    const std::string file = dir_.write("database.url", url + "\n");
    std::filesystem::permissions(file, std::filesystem::perms{0600});
    use_database_url_file(data(), file);
  }
  // Runs that were told to be finished, until one is refused; that answer.
  Answer run_until_refused(const Server& server) {
    for (int i = 0; i < 1'000; ++i) {
      const Answer answer = server.post("/api/execute", body_);
      if (answer.status != 200) return answer;
      EXPECT_EQ(at(answer.json, "success"), Json(true)) << answer.body.substr(0, 500);
      finished_.push_back(answer.text("run_id"));
    }
    ADD_FAILURE() << "the disk does not get full";
    return {};
  }
  void expect_refused(const Answer& answer, const testing::Matcher<std::string>& code) {
    EXPECT_EQ(answer.status, 503) << answer.body.substr(0, 500);
    EXPECT_THAT(answer.text("code"), code);
    EXPECT_FALSE(answer.header("retry-after").empty());
  }
  // It takes runs again, and all that was told is there.
  void expect_serving(const Server& server) {
    EXPECT_TRUE(
        eventually([&] { return server.post("/api/execute", body_).status == 200; }, seconds{10}))
        << "with room again it goes on by itself";
    EXPECT_FALSE(finished_.empty());
    for (const std::string& run : finished_) {
      Answer found;
      // Each thread's connections come back by themselves.
      EXPECT_TRUE(eventually(
          [&] {
            found = server.get("/api/runs/" + run);
            return found.status != 503;
          },
          seconds{10}));
      EXPECT_EQ(found.text("status"), "success") << run << ": " << found.body.substr(0, 500);
    }
    EXPECT_TRUE(server.healthy());
  }
  TempDir dir_;
  std::string body_;
  std::vector<std::string> finished_;
};

TEST_F(PostgresDisk, AFullTablespaceIsSaidAndSurvived) {
  SmallDisk disk(24);
  if (!disk.mounted()) GTEST_SKIP() << "may not mount a file system here";
  Cluster cluster;
  const Sql sql(cluster.url());
  static_cast<void>(
      sql.rows(fmt::format("CREATE TABLESPACE small LOCATION '{}'", disk.path().string())));
  static_cast<void>(sql.rows("CREATE DATABASE pilot_small TABLESPACE small"));
  use(with_database(cluster.url(), "pilot_small"));
  Server server(data());
  ASSERT_TRUE(server.up());
  expect_refused(run_until_refused(server), "database_full");
  for (int i = 0; i < 5; ++i) {
    expect_refused(server.post("/api/runs", body_), "database_full");
  }
  EXPECT_EQ(server.get("/api/runs?limit=1").status, 200) << "reading needs no space";
  ASSERT_TRUE(disk.grow());
  expect_serving(server);
  EXPECT_EQ(server.stop().code, 0);
}

// PostgreSQL itself gives up then, and does not start as long as there is no room.
TEST_F(PostgresDisk, AFullWriteAheadLogIsAnOutage) {
  SmallDisk disk(80);
  if (!disk.mounted()) GTEST_SKIP() << "may not mount a file system here";
  Cluster cluster({"max_wal_size=32MB", "min_wal_size=32MB"});
  {
    const Sql sql(cluster.url());
    const std::filesystem::path journal = sql.value("SHOW data_directory") + "/pg_wal";
    // Else PostgreSQL would use its files again and again.
    static_cast<void>(sql.rows("SELECT pg_create_physical_replication_slot('keeps_all', true)"));
    cluster.stop(SIGINT);
    ASSERT_EQ(Process({"/bin/cp", "-a", journal.string() + "/.", disk.path()}).wait().code, 0);
    std::filesystem::remove_all(journal);
    std::filesystem::create_directory_symlink(disk.path(), journal);
    cluster.start();
  }
  use(cluster.url());
  Server server(data());
  ASSERT_TRUE(server.up());
  expect_refused(run_until_refused(server), AnyOf("database_away", "database_full"));
  for (int i = 0; i < 5; ++i) {
    expect_refused(server.post("/api/runs", body_), AnyOf("database_away", "database_full"));
  }
  EXPECT_EQ(server.get("/readyz").status, 503);
  EXPECT_TRUE(server.process().running());
  cluster.stop(SIGQUIT);  // if it has not ended by itself
  ASSERT_TRUE(disk.grow());
  cluster.start();
  expect_serving(server);
  EXPECT_EQ(server.stop().code, 0);
}

}  // namespace
}  // namespace pilot::e2e
