// pilot keys and pilot users with a server, and without one; what a server without a key refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "pilot.h"

namespace pilot::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

Headers bearer(const std::string& key) { return {{"Authorization", "Bearer " + key}}; }

std::string without_line_end(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

class CliKeys : public testing::Test {
 protected:
  std::filesystem::path data() const { return dir_.path() / "data"; }
  std::string new_key(Arguments more = {}) {
    Arguments args{"keys", "create", "--name", "test", "--scopes", "read,run,write"};
    args.insert(args.end(), more.begin(), more.end());
    const Finished done = pilot(data(), std::move(args));
    EXPECT_EQ(done.code, 0) << done.err;
    return without_line_end(done.out);
  }
  TempDir dir_;
};

TEST_F(CliKeys, AKeyIsPrintedOnceAndOpensItsUsersDoor) {
  Server server(data());
  ASSERT_TRUE(server.up());
  EXPECT_EQ(server.get("/api/plans").status, 200);
  const std::string key = new_key();
  EXPECT_EQ(key.size(), 46u) << key;
  EXPECT_EQ(server.get("/api/plans").status, 401);
  EXPECT_EQ(call(server.url(), "GET", "/api/plans", "", bearer(key)).status, 200);
  // The command line goes on working: it has the operator's token.
  EXPECT_EQ(pilot_json(data(), {"plans", "list"}), Json(JsonArray{}));
  const std::string adas = new_key({"--user", "ada", "--expires", "90d"});
  EXPECT_EQ(call(server.url(), "GET", "/api/session", "", bearer(adas)).text("user"), "ada");
  const Finished listed = pilot(data(), {"--user", "ada", "keys", "list"});
  EXPECT_THAT(listed.out, HasSubstr(adas.substr(0, 11)));
  EXPECT_THAT(listed.out, Not(HasSubstr(adas)));
  const Json keys = pilot_json(data(), {"keys", "list"});
  ASSERT_TRUE(keys.is_array() && keys.get_array().size() == 1);
  EXPECT_EQ(pilot(data(), {"keys", "revoke", text_at(keys, "0/id")}).code, 0);
  EXPECT_EQ(call(server.url(), "GET", "/api/plans", "", bearer(key)).status, 401);
  EXPECT_EQ(call(server.url(), "GET", "/api/plans", "", bearer(adas)).status, 200);
}

TEST_F(CliKeys, TheOperatorsTokenIsForTheOwnerOfTheDirectoryOnly) {
  Server server(data());
  ASSERT_TRUE(server.up());
  struct stat found {};
  ASSERT_EQ(::stat((data() / "server.json").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777u, 0600u);
  ASSERT_EQ(::stat(data().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777u, 0700u);
  EXPECT_EQ(server.stop().code, 0);
  EXPECT_FALSE(std::filesystem::exists(data() / "server.json"));
}

TEST_F(CliKeys, APasswordComesOnStdinAndSignsIn) {
  EXPECT_EQ(pilot(data(), {"users", "create", "ada", "--password"}, "correct horse\n").code, 0);
  Server server(data());
  ASSERT_TRUE(server.up());
  EXPECT_EQ(server.get("/api/plans").status, 401);
  const auto sign_in = [&](const std::string& password) {
    return call(server.url(), "POST", "/api/session",
                R"({"name":"ada","password":")" + password + "\"}");
  };
  EXPECT_EQ(sign_in("correct horsf").status, 401);
  const Answer in = sign_in("correct horse");
  EXPECT_EQ(in.status, 201) << in.body;
  const std::string cookie = in.header("set-cookie").substr(0, in.header("set-cookie").find(';'));
  EXPECT_EQ(call(server.url(), "GET", "/api/plans", "", {{"Cookie", cookie}}).status, 200);
  EXPECT_EQ(pilot(data(), {"users", "passwd", "ada"}, "battery staple\n").code, 0);
  EXPECT_EQ(call(server.url(), "GET", "/api/plans", "", {{"Cookie", cookie}}).status, 401);
  EXPECT_EQ(sign_in("battery staple").status, 201);
  EXPECT_EQ(pilot(data(), {"users", "disable", "ada"}).code, 0);
  EXPECT_EQ(sign_in("battery staple").status, 401);
  const Finished refused = pilot(data(), {"users", "passwd", "ada"}, "short\n");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("8 characters"));
}

TEST_F(CliKeys, OtherAddressesThanLoopbackNeedAKey) {
  const Arguments serve{"serve", "--address", "0.0.0.0", "--port", "0"};
  const Finished refused = pilot(data(), serve);
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("loopback"));
  EXPECT_THAT(refused.err, HasSubstr("pilot keys create"));
  const std::string key = new_key();
  Server server(data(), {"--address", "0.0.0.0"});
  ASSERT_TRUE(server.up());
  std::string url = server.url();
  url.replace(url.find("0.0.0.0"), 7, "127.0.0.1");
  EXPECT_EQ(call(url, "GET", "/api/plans").status, 401);
  EXPECT_EQ(call(url, "GET", "/api/plans", "", bearer(key)).status, 200);
  EXPECT_EQ(pilot_json(data(), {"plans", "list"}), Json(JsonArray{}));
}

TEST_F(CliKeys, TheOneTimeAddressBeginsASessionOnce) {
  Process process(serve_arguments(data()));
  const Json told = parsed(process.line(0));
  const std::string url = text_at(told, "url");
  const std::string once = text_at(told, "browser_url");
  ASSERT_EQ(once.substr(0, url.size()), url);
  const Answer in = call(url, "GET", once.substr(url.size()));
  EXPECT_EQ(in.status, 303);
  EXPECT_EQ(in.header("location"), "/");
  EXPECT_THAT(in.header("set-cookie"), HasSubstr("pilot_session="));
  EXPECT_EQ(call(url, "GET", once.substr(url.size())).status, 403);
  process.signal(SIGTERM);
  const Finished done = process.wait();
  EXPECT_THAT(done.err, Not(HasSubstr(once.substr(url.size() + 8))));  // not in the log
}

}  // namespace
}  // namespace pilot::e2e
