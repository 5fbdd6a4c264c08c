// Past its limits Pilot says 503 with Retry-After, keeps what it has accepted, and serves again as
// soon as it can: too many runs, a full disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "fake_service.h"
#include "pilot.h"

namespace pilot::e2e {
namespace {

TEST(Overload, PastTheQueueLimitItIs503) {
  TempDir dir;
  FakeService service(answer(200, "{}"));
  service.on("/slow", never());
  Server server(dir.path() / "data", {"--max-queued", "20"});
  ASSERT_TRUE(server.up());
  const std::string plan =
      fmt::format(R"({{"plan":[{{"provider":"http","action":"get","params":{{"url":"{}"}}}}]}})",
                  service.url("/slow"));
  std::vector<std::string> accepted;
  int refused = 0;
  for (int i = 0; i < 50; ++i) {
    const Answer answer = server.post(i % 2 == 0 ? "/api/runs" : "/api/execute?wait=0", plan);
    if (answer.status == 202) {
      accepted.push_back(answer.text("run_id"));
      continue;
    }
    ++refused;
    EXPECT_EQ(answer.status, 503) << answer.body;
    EXPECT_EQ(answer.text("code"), "overloaded");
    EXPECT_EQ(answer.header("content-type"), "application/problem+json");
    const std::string after = answer.header("retry-after");
    ASSERT_FALSE(after.empty());
    EXPECT_GE(std::stoi(after), 1);
    EXPECT_LE(std::stoi(after), 60);
  }
  EXPECT_EQ(accepted.size(), 20u);
  EXPECT_EQ(refused, 30);
  EXPECT_EQ(list_at(server.get("/api/runs?limit=100").json, "runs").size(), 20u)
      << "what is refused leaves no row";
  EXPECT_TRUE(server.healthy());

  for (const std::string& run : accepted) {
    EXPECT_EQ(server.post("/api/runs/" + run + "/cancel").status, 200);
  }
  const Answer again =
      server.post("/api/execute", R"({"plan":[{"provider":"logic","action":"set"}]})");
  EXPECT_EQ(again.status, 200) << "there is room again: " << again.body;
}

// A data directory on a small file system of its own, where this user may mount one.
class SmallDisk {
 public:
  SmallDisk() {
    path_ = dir_.path() / "data";
    std::filesystem::create_directory(path_);
    mounted_ = ::mount("none", path_.c_str(), "tmpfs", 0, "size=6m,mode=0700") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  bool grow() const {
    return ::mount("none", path_.c_str(), "tmpfs", MS_REMOUNT, "size=1g,mode=0700") == 0;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  TempDir dir_;
  std::filesystem::path path_;
  bool mounted_ = false;
};

// Of PostgreSQL: postgres_disk_test.cc.
TEST(Overload, AFullDiskIsSaidAndSurvived) {
  if (on_postgres()) GTEST_SKIP() << "the disk of the data directory is not the database's";
  SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "may not mount a file system here";
  Server server(disk.path());
  ASSERT_TRUE(server.up());
  const std::string body =
      fmt::format(R"({{"plan":[{{"provider":"logic","action":"set","params":{{"x":"{}"}}}}]}})",
                  std::string(300'000, 'x'));
  std::vector<std::string> finished;
  Answer refused;
  for (int i = 0; i < 100 && refused.status == 0; ++i) {
    const Answer answer = server.post("/api/execute", body);
    if (answer.status == 200) {
      EXPECT_EQ(at(answer.json, "success"), Json(true));
      finished.push_back(answer.text("run_id"));
    } else {
      refused = answer;
    }
  }
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_EQ(refused.text("code"), "database_full") << refused.body;
  EXPECT_FALSE(refused.header("retry-after").empty());
  ASSERT_FALSE(finished.empty());

  ASSERT_TRUE(disk.grow());
  EXPECT_TRUE(eventually([&] { return server.post("/api/execute", body).status == 200; }))
      << "with room again it goes on by itself";
  for (const std::string& run : finished) {
    EXPECT_EQ(server.get("/api/runs/" + run).text("status"), "success") << "nothing that was told";
  }
  EXPECT_EQ(server.stop().code, 0);
  EXPECT_EQ(pilot(disk.path(), {"doctor"}).code, 0);
}

}  // namespace
}  // namespace pilot::e2e
