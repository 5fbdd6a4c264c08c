// The data directory: who may read it, who owns it, commands beside a running server, and databases
// that cannot be used.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_service.h"
#include "pilot.h"

namespace pilot::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class CliDataDir : public testing::Test {
 protected:
  std::filesystem::path data() const { return dir_.path() / "data"; }
  std::filesystem::path database() const { return data() / "pilot.db"; }
  std::string plan() const {
    return dir_.write("plan.json", quoted("[{'provider':'logic','action':'set'}]"));
  }
  unsigned mode(const std::string& name) const {
    struct stat found {};
    EXPECT_EQ(stat((data() / name).c_str(), &found), 0) << name;
    return found.st_mode & 0777;
  }
  void sql(const std::string& text) const {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(database().c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, text.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
  }
  void make_database() const { ASSERT_EQ(pilot(data(), {"run", plan()}).code, 0); }
  // Both a command and the server say the same and leave the file as it is.
  void expect_unusable(const std::vector<std::string>& words) const {
    const std::string before = read_file(database());
    for (const Arguments& args : {Arguments{"runs", "list"}, Arguments{"run", plan()},
                                  Arguments{"migrate"}, Arguments{"serve", "--port", "0"}}) {
      const Finished done = pilot(data(), args);
      EXPECT_EQ(done.code, 2) << args[0] << done.out << done.err;
      EXPECT_THAT(done.err, HasSubstr("error: ")) << args[0];
      for (const std::string& word : words) EXPECT_THAT(done.err, HasSubstr(word)) << args[0];
      EXPECT_EQ(done.out, "") << args[0];
    }
    EXPECT_TRUE(read_file(database()) == before) << "the file was changed";
    const Finished doctor = pilot(data(), {"doctor"});
    EXPECT_EQ(doctor.code, 1) << doctor.out;
    for (const std::string& word : words) EXPECT_THAT(doctor.out, HasSubstr(word));
  }
  TempDir dir_;
};

TEST_F(CliDataDir, NobodyElseMayReadIt) {
  const mode_t before = umask(0);
  make_database();
  Server server(data());
  umask(before);
  ASSERT_TRUE(server.up());
  EXPECT_EQ(mode(""), 0700u);
  for (const auto& entry : std::filesystem::directory_iterator(data())) {
    EXPECT_EQ(mode(entry.path().filename().string()), 0600u) << entry.path();
  }
  EXPECT_TRUE(std::filesystem::exists(data() / "pilot.key"));
  EXPECT_EQ(read_file(data() / "pilot.key").size(), 45u) << "one Fernet key and a line end";
}

TEST_F(CliDataDir, AKeyThatOthersCanReadIsRefused) {
  make_database();
  std::filesystem::permissions(data() / "pilot.key", std::filesystem::perms{0644});
  const Finished done = pilot(data(), {"runs", "list"});
  EXPECT_EQ(done.code, 2) << done.out;
  EXPECT_THAT(done.err, AllOf(HasSubstr("pilot.key"), HasSubstr("600")));
}

TEST_F(CliDataDir, AMissingKeyIsNotReplacedWhileItIsNeeded) {
  ASSERT_EQ(pilot(data(), {"credentials", "set", "openai", "api_key"}, "sk-1234567").code, 0);
  const std::filesystem::path aside = dir_.path() / "aside";
  std::filesystem::rename(data() / "pilot.key", aside);
  const Finished done = pilot(data(), {"serve", "--port", "0"});
  EXPECT_EQ(done.code, 2) << done.out;
  EXPECT_THAT(done.err, HasSubstr("pilot.key"));
  EXPECT_FALSE(std::filesystem::exists(data() / "pilot.key"));
  std::filesystem::rename(aside, data() / "pilot.key");
  EXPECT_EQ(pilot(data(), {"credentials", "list"}).code, 0);
}

TEST_F(CliDataDir, OneOwner) {
  Server server(data());
  ASSERT_TRUE(server.up());
  const Finished second = pilot(data(), {"serve", "--port", "0"});
  EXPECT_EQ(second.code, 2) << second.out;
  EXPECT_THAT(second.err, AllOf(HasSubstr("another pilot process owns"), HasSubstr(data().string()),
                                HasSubstr("--data-dir")));
  const Finished migrate = pilot(data(), {"migrate"});
  EXPECT_EQ(migrate.code, 2) << migrate.out;
  EXPECT_TRUE(server.healthy());
}

TEST_F(CliDataDir, APortThatIsTaken) {
  Server server(data());
  ASSERT_TRUE(server.up());
  const std::string port = server.url().substr(server.url().rfind(':') + 1);
  const Finished second = pilot(dir_.path() / "other", {"serve", "--port", port});
  EXPECT_EQ(second.code, 2) << second.out;
  EXPECT_THAT(second.err, AllOf(HasSubstr(port), HasSubstr("--port")));
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "other/server.json"));
  EXPECT_TRUE(server.healthy());
}

// Commands talk to the server that owns the directory: the run is the server's, not theirs.
TEST_F(CliDataDir, CommandsUseTheRunningServer) {
  FakeService service(answer(200, "{}"));
  Server server(data());
  ASSERT_TRUE(server.up());
  const Json told = parsed(read_file(data() / "server.json"));
  EXPECT_EQ(text_at(told, "url"), server.url());
  EXPECT_EQ(at(told, "pid"), Json(server.process().pid()));

  const Json ran = pilot_json(data(), {"run", plan()});
  EXPECT_EQ(server.get("/api/runs/" + text_at(ran, "run_id")).text("status"), "success");
  const std::string id = text_at(pilot_json(data(), {"plans", "save", plan()}), "id");
  EXPECT_EQ(server.get("/api/plans/" + id).status, 200);
  EXPECT_EQ(pilot_json(data(), {"runs", "list"}).get_array().size(), 1u);
  EXPECT_EQ(at(pilot_json(data(), {"doctor"}), "ok"), Json(true));

  service.on("/slow", never());
  const std::string slow = dir_.write(
      "slow.json", fmt::format(R"([{{"provider":"http","action":"get","params":{{"url":"{}"}}}}])",
                               service.url("/slow")));
  const Finished detached = pilot(data(), {"run", slow, "--detach"});
  ASSERT_EQ(detached.code, 0) << detached.err;
  const std::string run = detached.out.substr(0, detached.out.find('\n'));
  ASSERT_TRUE(service.wait_for("/slow", 1));
  EXPECT_EQ(text_at(pilot_json(data(), {"runs", "cancel", run}), "status"), "cancelled");
  EXPECT_EQ(text_at(pilot_json(data(), {"runs", "watch", run}, 1), "status"), "cancelled");

  EXPECT_EQ(server.stop().code, 0);
  EXPECT_FALSE(std::filesystem::exists(data() / "server.json"));
  EXPECT_EQ(pilot_json(data(), {"runs", "list"}).get_array().size(), 2u) << "and without it";
}

TEST_F(CliDataDir, LogsFollowAServer) {
  Server server(data());
  ASSERT_TRUE(server.up());
  Process follow(pilot_arguments(data(), {"logs", "-f"}));
  ASSERT_EQ(pilot(data(), {"run", plan()}).code, 0);
  EXPECT_THAT(follow.line(0), HasSubstr("logic.set"));
  ASSERT_EQ(pilot(data(), {"run", plan()}).code, 0);
  EXPECT_THAT(follow.line(1), HasSubstr("logic.set"));
}

TEST_F(CliDataDir, AServerFileThatWasLeftBehind) {
  Server server(data());
  ASSERT_TRUE(server.up());
  server.kill();
  EXPECT_TRUE(std::filesystem::exists(data() / "server.json"));
  EXPECT_EQ(pilot(data(), {"run", plan()}).code, 0);
  EXPECT_EQ(at(pilot_json(data(), {"doctor"}), "ok"), Json(true));
  Server again(data());
  EXPECT_TRUE(again.up());
}

TEST_F(CliDataDir, AFileThatIsNoDatabase) {
  std::filesystem::create_directory(data());
  std::filesystem::permissions(data(), std::filesystem::perms{0700});
  dir_.write("data/pilot.db", std::string(5'000, 'n'));
  expect_unusable({"pilot.db", "no SQLite database"});
}

TEST_F(CliDataDir, ACorruptDatabase) {
  make_database();
  std::string bytes = read_file(database());
  ASSERT_GT(bytes.size(), 8'192u);
  for (std::size_t i = 100; i < 4'096; ++i) bytes[i] = static_cast<char>(i * 7);
  dir_.write("data/pilot.db", bytes);
  expect_unusable({"pilot.db", "damaged", "backup"});
}

TEST_F(CliDataDir, ADatabaseOfANewerVersion) {
  make_database();
  sql("PRAGMA user_version = 99");
  expect_unusable({"pilot.db", "newer Pilot", "99"});
}

TEST_F(CliDataDir, ADatabaseOfAnotherProgram) {
  std::filesystem::create_directory(data());
  std::filesystem::permissions(data(), std::filesystem::perms{0700});
  sql("CREATE TABLE recipes (a)");
  expect_unusable({"pilot.db", "another program"});
}

// Root may write everything, so somebody else runs the program then.
TEST_F(CliDataDir, AReadOnlyDatabase) {
  make_database();
  Arguments as_user;
  if (geteuid() == 0) {
    as_user = {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    Arguments probe = as_user;
    probe.insert(probe.end(), {PILOT_BINARY, "--version"});
    if (access(as_user[0].c_str(), X_OK) != 0 || Process(probe).wait().code != 0) {
      GTEST_SKIP() << "nobody else can run the program here";
    }
    for (const auto& path : {dir_.path(), data()}) ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
    for (const auto& entry : std::filesystem::directory_iterator(data())) {
      ASSERT_EQ(chown(entry.path().c_str(), 65534, 65534), 0);
    }
  }
  std::filesystem::permissions(database(), std::filesystem::perms{0400});
  Arguments args = as_user;
  args.insert(args.end(), {PILOT_BINARY, "--data-dir", data().string(), "runs", "list"});
  const Finished done = Process(args).wait();
  EXPECT_EQ(done.code, 2) << done.out;
  EXPECT_THAT(done.err, AllOf(HasSubstr("pilot.db"), HasSubstr("write access")));
}

TEST_F(CliDataDir, AFileInPlaceOfTheDirectory) {
  dir_.write("data", "x");
  const Finished done = pilot(data(), {"runs", "list"});
  EXPECT_EQ(done.code, 2);
  EXPECT_THAT(done.err, AllOf(HasSubstr("not a directory"), HasSubstr("--data-dir")));
}

}  // namespace
}  // namespace pilot::e2e
