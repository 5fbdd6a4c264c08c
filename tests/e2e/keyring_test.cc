// The key ring as an operator meets it: rotation beside a server and without one, a server that is
// killed in the middle of it, rings that do not fit, keys from the environment, file modes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <fstream>

#include "base/log.h"
#include "base/run_here.h"
#include "fake_service.h"
#include "pilot.h"
#include "store/store.h"
#include "vault/fernet.h"
#include "vault/key_folder.h"

namespace pilot::e2e {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

const std::string kKeyA{vault::testing::kKeyA};
const std::string kKeyB{vault::testing::kKeyB};
const std::string kValue = "sk-CANARY-of-the-key-ring";

std::string id_of(const std::string& key) { return vault::FernetKey::parse(key)->id(); }

class Keyring : public testing::Test {
 protected:
  std::filesystem::path data() const { return dir_.path() / "data"; }
  std::filesystem::path key_file() const { return data() / "pilot.key"; }
  void set() const {
    const Finished done = pilot(data(), {"credentials", "set", "http", "api_key"}, kValue + "\n");
    ASSERT_EQ(done.code, 0) << done.err;
  }
  // 1,200 more, so that a rotation has three pages.
  static void set_many(const Server& server) {
    JsonObject all;
    for (int i = 0; i < 1'200; ++i) all[fmt::format("extra_{:04}", i)] = "v" + std::to_string(i);
    const Answer done = server.post("/api/provider-credentials/http",
                                    to_json(JsonObject{{"credentials", std::move(all)}}));
    ASSERT_EQ(done.status, 201) << done.body;
  }
  static Arguments after(Arguments before, const Arguments& command) {
    before.insert(before.end(), command.begin(), command.end());
    return before;
  }
  // Some step gets the credential: it can be opened.
  void expect_usable(const Arguments& before = {}) {
    FakeService service(echo());
    const std::string file =
        dir_.write("plan.json",
                   fmt::format(R"([{{"provider":"http","action":"get","params":{{"url":"{}"}}}}])",
                               service.url()));
    const Finished done = Process(after(before, pilot_arguments(data(), {"run", file}))).wait();
    EXPECT_EQ(done.code, 0) << done.out << done.err;
    ASSERT_EQ(service.count(), 1u);
    EXPECT_EQ(service.seen()[0].header("authorization"), "Bearer " + kValue);
  }
  Json ring(const Arguments& before = {}) {
    const Finished done =
        Process(after(before, pilot_arguments(data(), {"keyring", "list", "--json"}))).wait();
    EXPECT_EQ(done.code, 0) << done.err;
    return parsed(done.out);
  }
  std::string first() { return text_at(ring(), "keys/0/id"); }
  void write_keys(const std::string& text, unsigned mode = 0600) const {
    std::filesystem::remove(key_file());
    std::ofstream(key_file()) << text;
    ::chmod(key_file().c_str(), mode);
  }
  // A start is refused with that in its message, and changes nothing.
  void expect_refused(const testing::Matcher<std::string>& message, const Arguments& before = {}) {
    const Finished done = Process(after(before, serve_arguments(data()))).wait();
    EXPECT_EQ(done.code, 2);
    EXPECT_THAT(done.err, message);
    EXPECT_THAT(done.err + done.out, Not(AnyOf(HasSubstr(kKeyA.substr(0, 8)),
                                               HasSubstr(kKeyB.substr(0, 8)), HasSubstr(kValue))));
  }
  TempDir dir_;
};

TEST_F(Keyring, RotatesBesideAServerThatSeesTheNewRingAtOnce) {
  set();
  const std::string old = first();
  Server server(data());
  ASSERT_TRUE(server.up());
  set_many(server);
  EXPECT_THAT(pilot(data(), {"keyring", "drop", old}).err, HasSubstr("need key " + old));
  const Finished done = pilot(data(), {"keyring", "rotate"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, AllOf(HasSubstr("is the new first key"), HasSubstr("500 looked at"),
                              HasSubstr("1000 looked at"),
                              HasSubstr("1201 of 1201 credentials sealed anew")));
  const Json now = ring();
  EXPECT_EQ(list_at(now, "keys").size(), 2u);
  EXPECT_EQ(at(now, "keys/0/rows"), Json(1'201));
  EXPECT_EQ(text_at(now, "keys/1/id"), old);
  EXPECT_EQ(at(now, "keys/1/rows"), Json(0));
  EXPECT_NE(text_at(now, "keys/0/created_at"), "");
  expect_usable();
  EXPECT_THAT(pilot(data(), {"keyring", "drop", first()}).err, HasSubstr("credentials need key"));
  EXPECT_EQ(pilot(data(), {"keyring", "drop", old}).code, 0);
  EXPECT_EQ(pilot(data(), {"keyring", "drop", old}).code, 2);
  expect_usable();
  EXPECT_EQ(server.stop().code, 0);
  expect_usable();
}

TEST_F(Keyring, RotatesWithoutAServerToo) {
  set();
  const std::string old = first();
  const Json done = pilot_json(data(), {"keyring", "rotate"});
  EXPECT_EQ(at(done, "changed"), Json(1));
  EXPECT_NE(first(), old);
  EXPECT_EQ(pilot(data(), {"keyring", "drop", old}).code, 0);
  expect_usable();
}

TEST_F(Keyring, KilledInTheMiddleOfARotationItGoesOn) {
  set();
  const std::string old = first();
  for (int round = 0; round < 3; ++round) {
    Server server(data());
    ASSERT_TRUE(server.up());
    if (round == 0) set_many(server);
    Process rotate(pilot_arguments(data(), {"keyring", "rotate"}));
    EXPECT_THAT(rotate.line(static_cast<std::size_t>(round)), Not(testing::IsEmpty()));
    server.kill();
    const Finished ended = rotate.wait();
    if (ended.code != 0) EXPECT_THAT(ended.err, Not(testing::IsEmpty()));
    expect_usable();
  }
  Server server(data());
  const Finished rest = pilot(data(), {"keyring", "rotate", "--continue"});
  EXPECT_EQ(rest.code, 0) << rest.err;
  const Json now = ring();
  EXPECT_EQ(list_at(now, "keys").size(), 4u);
  EXPECT_EQ(at(now, "keys/0/rows"), Json(1'201));
  EXPECT_EQ(list_at(now, "missing").size(), 0u);
  EXPECT_EQ(pilot(data(), {"keyring", "drop", old}).code, 0);
  expect_usable();
}

TEST_F(Keyring, ARingThatDoesNotFitTheDatabaseStopsTheStart) {
  set();
  const std::string good = read_file(key_file());
  write_keys(kKeyA + "\n");
  expect_refused(HasSubstr("1 of 1 stored credentials"));
  write_keys(good.substr(0, 30) + "\n");
  expect_refused(AllOf(HasSubstr("line 1"), HasSubstr("part of it is missing")));
  write_keys("not-a-key-but-of-the-right-length-0123456789\n");
  expect_refused(AllOf(HasSubstr("line 1"), HasSubstr("not a Fernet key")));
  write_keys(good + "\n" + good);
  expect_refused(AllOf(HasSubstr("line 3"), HasSubstr("already")));
  write_keys("\n \n");
  expect_refused(HasSubstr("no key in it"));
  write_keys(good, 0644);
  expect_refused(HasSubstr("chmod 600"));
  write_keys(good);
  ::chmod(data().c_str(), 0777);
  expect_refused(HasSubstr("chmod go-w"));
  ::chmod(data().c_str(), 0700);
  std::filesystem::remove(key_file());
  expect_refused(HasSubstr("is missing, and the database holds credentials"));
  EXPECT_FALSE(std::filesystem::exists(key_file())) << "never a new key by itself";
  write_keys(kKeyA + "\n\n  " + good + "  \r\n");  // order and blanks do not matter
  expect_usable();
}

// The database is newer than the ring: sealed with a key that a rotation added later.
TEST_F(Keyring, ADatabaseBesideAnOlderRingStopsTheStart) {
  set();
  const std::string before = read_file(key_file());
  ASSERT_EQ(pilot(data(), {"keyring", "rotate"}).code, 0);
  const std::string after = read_file(key_file());
  const std::string now = first();
  write_keys(before);
  expect_refused(AllOf(HasSubstr("1 of 1 stored credentials"), HasSubstr(now)));
  write_keys(after);
  expect_usable();
}

TEST_F(Keyring, AFlippedBitIsOneUnreadableValueAndNotTheEnd) {
  set();
  ASSERT_EQ(pilot(data(), {"credentials", "set", "openai", "api_key"}, "other\n").code, 0);
  {
    Log log(LogLevel::off);
    boost::asio::io_context io;
    const std::string url = database_url(data());
    auto store = url.empty()
                     ? store::open_sqlite({.file = data() / "pilot.db", .threads = false}, log)
                     : store::open_postgres({.url = url}, log);
    ASSERT_TRUE(store);
    auto rows = *run_here(io, (*store)->sealed_page({}, 10));
    ASSERT_EQ(rows.size(), 2u);
    for (store::SealedCredential& row : rows) {
      if (row.provider == "openai") row.encrypted_value[50] ^= 1;
      ASSERT_TRUE(run_here(io, (*store)->put_credential(row)));
    }
  }
  expect_usable();
  const Finished failed =
      pilot(data(), {"run", dir_.write("p.json", R"([{"provider":"openai","action":"chat",
                                                "params":{"prompt":"x"}}])"),
                     "--json"});
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.out, HasSubstr("credential_unreadable"));
  const Finished rotated = pilot(data(), {"keyring", "rotate"});
  EXPECT_EQ(rotated.code, 1);
  EXPECT_THAT(rotated.err, HasSubstr("1 cannot be opened"));
  expect_usable();
}

TEST_F(Keyring, KeysOfTheEnvironment) {
  const Arguments a{"/usr/bin/env", "PILOT_ENCRYPTION_KEY=" + kKeyA};
  const Arguments ba{"/usr/bin/env", "PILOT_ENCRYPTION_KEYS=" + kKeyB + "," + kKeyA};
  const Arguments b{"/usr/bin/env", "PILOT_ENCRYPTION_KEYS=" + kKeyB};
  {
    Server server(data(), {}, a);
    ASSERT_TRUE(server.up());
    set();
    // What the kernel shows of the environment, where it shows it at all.
    const std::string shown =
        read_file("/proc/" + std::to_string(server.process().pid()) + "/environ");
    EXPECT_THAT(shown, Not(HasSubstr(kKeyA)));
    if (!shown.empty()) EXPECT_THAT(shown, HasSubstr("PILOT_ENCRYPTION_KEY="));
    EXPECT_EQ(server.stop().code, 0);
  }
  EXPECT_FALSE(std::filesystem::exists(key_file()));
  EXPECT_EQ(text_at(ring(a), "variable"), "PILOT_ENCRYPTION_KEY");
  expect_refused(HasSubstr("PILOT_ENCRYPTION_KEYS does not have"), b);
  {
    Server server(data(), {}, ba);
    ASSERT_TRUE(server.up());
    const Finished done = pilot(data(), {"keyring", "rotate"});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, AllOf(HasSubstr(id_of(kKeyB)), HasSubstr("PILOT_ENCRYPTION_KEYS"),
                                HasSubstr("1 of 1 credentials")));
    EXPECT_THAT(pilot(data(), {"keyring", "drop", id_of(kKeyA)}).err,
                HasSubstr("PILOT_ENCRYPTION_KEYS"));
  }
  expect_usable(b);
  expect_refused(HasSubstr("both set"), {"/usr/bin/env", "PILOT_ENCRYPTION_KEY=" + kKeyA,
                                         "PILOT_ENCRYPTION_KEYS=" + kKeyB});
}

// O2: whatever the umask, what Pilot makes is its user's alone; and no core is ever written.
TEST_F(Keyring, NewFilesAreTheirOwnersAlone) {
  Server server(data(), {}, {"/bin/sh", "-c", "umask 0; exec \"$@\"", "sh"});
  ASSERT_TRUE(server.up());
  set();
  const auto mode = [](const std::filesystem::path& path) {
    return static_cast<unsigned>(std::filesystem::status(path).permissions());
  };
  EXPECT_EQ(mode(data()), 0700u);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data())) {
    EXPECT_EQ(mode(entry.path()) & 0077, 0u) << entry.path();
    ++files;
  }
  EXPECT_GE(files, on_postgres() ? 3 : 4);
  EXPECT_EQ(mode(key_file()), 0600u);
  const std::string pid = std::to_string(server.process().pid());
  EXPECT_THAT(read_file("/proc/" + pid + "/limits"),
              testing::ContainsRegex("Max core file size +0 +0"));
}

}  // namespace
}  // namespace pilot::e2e
