// The hosts that a user's calls may go to, as an operator sets them: by the command line, and felt
// on another node within about a second.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_service.h"
#include "pilot.h"
#include "postgres.h"

namespace pilot::e2e {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class UserHosts : public testing::Test {
 protected:
  std::filesystem::path data() const { return dir_.path() / "data"; }
  // A run of acme's that calls the service: "" or the code of its error.
  std::string call(const std::filesystem::path& data_dir) {
    const std::string file =
        dir_.write("plan.json",
                   fmt::format(R"([{{"provider":"http","action":"get","params":{{"url":"{}"}}}}])",
                               service_.url("/x")));
    const Finished done = pilot(data_dir, {"--user", "acme", "run", file, "--json"});
    EXPECT_TRUE(done.code == 0 || done.code == 1) << done.err;
    return text_at(parsed(done.out), "steps/0/error/code");
  }
  TempDir dir_;
  FakeService service_{answer(200, "{}")};
};

TEST_F(UserHosts, AreSetShownAndLiftedByTheCommandLine) {
  const Server server(data());
  ASSERT_TRUE(server.up());
  ASSERT_EQ(pilot(data(), {"users", "create", "acme", "--allow-host", "a.test", "--allow-host",
                           ".b.test:443"})
                .code,
            0);
  EXPECT_THAT(pilot(data(), {"users", "list"}).out, HasSubstr("a.test .b.test:443"));
  EXPECT_EQ(call(data()), "host_not_allowed");
  EXPECT_EQ(service_.count(), 0u);
  ASSERT_EQ(pilot(data(), {"users", "set", "acme", "--allow-host", "127.0.0.1"}).code, 0);
  EXPECT_EQ(call(data()), "");
  EXPECT_EQ(service_.count("/x"), 1u);
  ASSERT_EQ(pilot(data(), {"users", "set", "acme", "--email", "a@acme.test"}).code, 0);
  EXPECT_THAT(pilot(data(), {"users", "list"}).out, HasSubstr("127.0.0.1"));
  ASSERT_EQ(pilot(data(), {"users", "set", "acme", "--any-host"}).code, 0);
  EXPECT_THAT(pilot(data(), {"users", "list"}).out, HasSubstr("anywhere"));
  const Finished wrong = pilot(data(), {"users", "set", "acme", "--allow-host", "http://a.test/"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("http://a.test/"));
  EXPECT_EQ(pilot(data(), {"users", "set", "acme"}).code, 2) << "nothing to change";
}

TEST_F(UserHosts, HoldOnTheOtherNodesWithinASecond) {
  const TestDatabase database;
  const std::string file = dir_.write("database.url", database.url() + "\n");
  std::filesystem::permissions(file, std::filesystem::perms{0600});
  const std::filesystem::path other = dir_.path() / "other";
  for (const auto& node : {data(), other}) use_database_url_file(node, file);
  ASSERT_EQ(pilot(data(), {"users", "create", "acme"}).code, 0);
  // Only the other one does anything.
  const Server here(data(), {"--roles", "api"});
  const Server there(other);
  ASSERT_TRUE(here.up() && there.up());
  EXPECT_EQ(call(other), "") << "and now it knows that there is no list";
  ASSERT_EQ(pilot(data(), {"users", "set", "acme", "--allow-host", "a.test"}).code, 0);
  EXPECT_TRUE(eventually([&] { return call(other) == "host_not_allowed"; }, seconds{3}));
  ASSERT_EQ(pilot(data(), {"users", "set", "acme", "--any-host"}).code, 0);
  EXPECT_TRUE(eventually([&] { return call(other).empty(); }, seconds{3}));
}

}  // namespace
}  // namespace pilot::e2e
