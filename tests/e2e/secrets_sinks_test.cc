// Ten secrets of every kind, through everything that is done with them, and then the search in
// every place where something could be left. What each of them is for gets it; nothing else does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "base/crypto.h"
#include "canaries.h"
#include "fake_service.h"
#include "pilot.h"
#include "postgres_traces.h"
#include "vault/fernet.h"

namespace pilot::e2e {
namespace {

using testing::HasSubstr;

const Canary kBearer{"API key", "sk-Bearer/7e0c913c+91f3dba181e69=aa04c5d1"};
const Canary kPassword{"password", "p\"&<>%\nw-2b5f0c9e7d1a4f6088e3b7c6d5a4f3e2"};
const Canary kRefresh{"refresh token", "rt-51d0c7f2a9be48d3967a0e1f2c3b4a5968778695"};
const Canary kUserinfo{"URL userinfo", "ui-9f8e7d6c5b4a39281706f5e4d3c2b1a0a1b2c3d4"};
const Canary kQuery{"query param", "qp-<1a2b&3c4d>%5e6f7a8b9c0d1e2f3a4b5c6d7e8f"};
const Canary kCookie{"cookie", "sid=ck-0f1e2d3c4b5a69788796a5b4c3d2e1f00112"};
const Canary kPem{"private key",
                  "-----BEGIN PRIVATE KEY-----\n"
                  "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7canaryAAAAAA\n"
                  "qT5canaryBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB\n"
                  "-----END PRIVATE KEY-----\n"};
const Canary kHook{"webhook secret", "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5LTA="};
const Canary kHeader{"header value", "hv-'c0ffee'-4d5e6f708192a3b4c5d6e7f8091a2b3c"};

class SecretsSinks : public testing::Test {
 protected:
  void SetUp() override {
    const auto random = make_system_random();
    fernet_ = {"Fernet key", std::string(vault::FernetKey::generate(*random).to_text().reveal())};
    all_ = {kBearer, kPassword, kRefresh, kUserinfo, kQuery, kCookie, kHook, kHeader, fernet_};
    // Its first and last line are the same in every such key.
    const std::size_t first = kPem.value.find('\n') + 1;
    all_.push_back({kPem.name, kPem.value.substr(first, kPem.value.rfind("-----END") - first)});
    all_.push_back(PostgresTraces::password());
    search_.emplace(all_);
    if (on_postgres()) traces_.emplace(dir_, data());
  }
  std::filesystem::path data() const { return dir_.path() / "data"; }
  void clean(std::string_view text, const std::string& where) {
    expect_none(*search_, text, where);
  }
  void clean(const Finished& done, const std::string& where) {
    clean(done.out, where + " (stdout)");
    clean(done.err, where + " (stderr)");
  }
  void set(const std::string& provider, const std::string& connection, const std::string& type,
           const std::string& value) {
    const Finished done = pilot(
        data(), {"credentials", "set", provider, type, "--connection", connection}, value + "\n");
    ASSERT_EQ(done.code, 0) << done.err;
    clean(done, "credentials set");
  }
  void set_all() {
    set("http", "bearer", "api_key", kBearer.value);
    set("http", "bearer", "refresh_token", kRefresh.value);
    set("http", "basic", "username", "someone");
    set("http", "basic", "password", kPassword.value);
    set("http", "query", "query_name", "key");
    set("http", "query", "query_value", kQuery.value);
    set("http", "cookie", "header_name", "Cookie");
    set("http", "cookie", "header_value", kCookie.value);
    set("http", "header", "header_name", "X-Key");
    set("http", "header", "header_value", kHeader.value);
    set("http", "header", "private_key", kPem.value);
    set("webhook", "default", "secret", kHook.value);
  }
  // Each connection meets each way of telling it back; then the webhook tells the outputs on.
  std::string plan(const FakeService& service) const {
    JsonArray steps;
    for (const char* connection : {"bearer", "basic", "query", "cookie", "header"}) {
      for (const char* way : {"tells", "refuses", "page", "moves", "breaks", "garbles"}) {
        steps.push_back(JsonObject{
            {"id", fmt::format("{}_{}", connection, way)},
            {"provider", "http"},
            {"action", "get"},
            {"connection", connection},
            {"params", JsonObject{{"url", service.url("/") + way}}},
            {"timeout", 5},
            {"on_error", "continue"},
            {"retry", JsonObject{{"max_attempts", 2}, {"initial", 1}, {"max_interval", 1}}}});
      }
    }
    steps.push_back(JsonObject{
        {"provider", "webhook"},
        {"action", "send"},
        {"on_error", "continue"},
        {"params", JsonObject{{"url", service.url("/hook")},
                              {"payload", JsonObject{{"all", "${steps.bearer_tells.output}"},
                                                     {"why", "${steps.query_refuses.error}"}}}}}});
    return to_json(JsonObject{{"steps", std::move(steps)}});
  }
  void clean_files() {
    int files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data())) {
      clean(read_file(entry.path()), entry.path().string());
      ++files;
    }
    EXPECT_GE(files, on_postgres() ? 1 : 2);  // the keys are in the environment here
    if (traces_) {
      traces_->visit([&](std::string_view text, const std::string& where) { clean(text, where); });
    }
  }
  // The server with those options.
  void do_everything(const Arguments& options);
  void clean_process(const Server& server, pid_t pid) {
    for (const char* name : {"cmdline", "environ"}) {
      clean(read_file(fmt::format("/proc/{}/{}", pid, name)), std::string("/proc/PID/") + name);
    }
    for (const char* target :
         {"/api/runs", "/api/plans", "/api/execution-logs?limit=200", "/api/provider-credentials",
          "/api/provider-credentials/http", "/api/monitoring/status", "/api/providers",
          "/api/providers/http", "/api/health", "/api/scheduler/jobs", "/api/keyring", "/api/audit",
          "/api/keys", "/api/openapi.json", "/metrics", "/healthz", "/readyz", "/api/nothing"}) {
      const Answer answer = server.get(target);
      clean(answer.body, target);
      for (const auto& [name, value] : answer.headers)
        clean(value, std::string(target) + " " + name);
    }
  }
  TempDir dir_;
  Canary fernet_;
  std::vector<Canary> all_;
  std::optional<Search> search_;
  std::optional<PostgresTraces> traces_;
};

// All that the service got to see of the sign-in, in every form that it may come back in.
std::string all_of(const Seen& seen) {
  const std::string sent = seen.header("authorization") + "|" + seen.header("cookie") + "|" +
                           seen.header("x-key") + "|" + seen.target;
  std::string told = sent + "|" + crypto::base64(sent) + "|" + crypto::base64url("x" + sent);
  const std::string basic = "Basic " + crypto::base64("someone:" + kPassword.value);
  for (const Canary& canary : {kBearer, kPassword, kQuery, kCookie, kHeader}) {
    const bool its = sent.find(canary.value) != std::string::npos ||
                     (canary.name == kPassword.name && seen.header("authorization") == basic) ||
                     (canary.name == kQuery.name && seen.target.find("key=") != std::string::npos);
    if (!its) continue;
    for (const std::string& form : forms_of(canary.value)) told += "|" + form;
  }
  return told;
}

void tell_back(Peer& peer, const Seen& seen) {
  const std::string told = all_of(seen);
  if (seen.path == "/refuses") {
    peer.reply(403, to_json(JsonObject{{"error", JsonObject{{"message", "no: " + told}}}}),
               {{"Content-Type", "application/json"}});
  } else if (seen.path == "/page") {
    peer.reply(200, "<html><body>" + told + "</body></html>", {{"Content-Type", "text/html"}});
  } else if (seen.path == "/moves") {
    peer.reply(302, "", {{"Location", "/tells?" + seen.target.substr(seen.target.find('?') + 1)}});
  } else if (seen.path == "/breaks") {
    peer.reply(503, told, {{"X-Told", seen.header("authorization")}});
  } else if (seen.path == "/garbles") {
    peer.send("HTTP/1.1 " + told + "\r\n\r\n");
    peer.close_after();
  } else {
    peer.reply(200, to_json(JsonObject{{"told", told}, {"list", JsonArray{told}}, {told, "key"}}),
               {{"Content-Type", "application/json"}, {"X-Told", seen.header("authorization")}});
  }
}

void SecretsSinks::do_everything(const Arguments& options) {
  FakeService service(tell_back);
  Server server(data(), options, {"/usr/bin/env", "PILOT_ENCRYPTION_KEYS=" + fernet_.value});
  ASSERT_TRUE(server.up());
  set_all();
  const std::string file = dir_.write("plan.json", plan(service));
  clean(pilot(data(), {"run", file}), "run");
  const Finished script = pilot(data(), {"run", file, "--json"});
  clean(script, "run --json");
  EXPECT_THAT(script.out, HasSubstr("***"));
  const std::string run = text_at(parsed(script.out), "run_id");
  ASSERT_GE(service.count(), 50u);
  EXPECT_EQ(service.seen("/tells")[0].header("authorization"), "Bearer " + kBearer.value)
      << "the service itself gets it";
  EXPECT_GE(service.count("/hook"), 1u);
  for (const Seen& seen : service.seen("/hook")) clean(seen.body, "the webhook's payload");

  for (const std::string& target : {"/api/runs/" + run, "/api/runs/" + run + "/attempts"}) {
    clean(server.get(target).body, target);
  }
  EventStream events(server.url(), "/api/runs/" + run + "/events");
  int heard = 0;
  while (const auto event = events.next()) {
    clean(to_json(event->data), "an event");
    ++heard;
  }
  EXPECT_GT(heard, 0);
  for (const Arguments& args :
       {Arguments{"logs"}, Arguments{"logs", "--json"}, Arguments{"runs", "show", run},
        Arguments{"runs", "list"}, Arguments{"credentials", "list"}, Arguments{"keyring", "list"},
        Arguments{"keyring", "rotate"}, Arguments{"doctor"},
        Arguments{"providers", "request", "http", "get", "--connection", "query", "--params",
                  R"({"url":"https://a.test/"})"}}) {
    clean(pilot(data(), args), "pilot " + args[0]);
  }
  clean_process(server, server.process().pid());
  clean_files();  // with the write-ahead log, while the server runs
  const Finished ended = server.stop();
  EXPECT_EQ(ended.code, 0);
  clean(ended, "the server");
  clean_files();
}

TEST_F(SecretsSinks, NothingIsLeftAnywhere) { do_everything({"--log-level", "debug"}); }

TEST_F(SecretsSinks, NorWithALogInJson) {
  do_everything({"--log-level", "debug", "--log-format", "json", "--access-log"});
}

// The variable is wiped, too; and nothing tells the password when the database cannot be reached.
TEST_F(SecretsSinks, TheDatabasesPasswordInTheEnvironment) {
  if (!traces_) GTEST_SKIP() << "there is no database with a password";
  std::string url = traces_->url();
  const Arguments tail{PILOT_BINARY, "--data-dir", data().string(), "--log-level", "debug"};
  const auto with = [&](const std::string& database, const Arguments& more) {
    Arguments all{"/usr/bin/env", "PILOT_DATABASE_URL=" + database};
    all.insert(all.end(), tail.begin(), tail.end());
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  Process serve(with(url, {"serve", "--port", "0"}));
  ASSERT_THAT(serve.line(0), HasSubstr("listens at"));
  clean(read_file(fmt::format("/proc/{}/environ", serve.pid())), "/proc/PID/environ");
  serve.signal(SIGTERM);
  clean(serve.wait(), "serve");
  clean(Process(with(url, {"doctor"})).wait(), "doctor");
  const std::size_t host = url.rfind('@') + 1;
  const std::string tail_of_url = url.substr(url.rfind('/'));
  for (const std::string& wrong :
       {url.substr(0, host) + "127.0.0.1:1" + tail_of_url, url.substr(0, host) + "a.invalid/x",
        url + "?sslmode=nonsense", url + "_not", "postgresql://" + url, url + "?password=x&x=y",
        "mysql" + url.substr(url.find(':'))}) {
    for (const Arguments& args : {Arguments{"serve", "--port", "0"}, Arguments{"doctor"},
                                  Arguments{"migrate"}, Arguments{"runs", "list"}}) {
      const Finished done = Process(with(wrong, args)).wait();
      EXPECT_NE(done.code, 0) << args[0] << " with " << wrong;
      clean(done, args[0]);
    }
  }
}

// It is refused, and what refuses it does not say it again.
TEST_F(SecretsSinks, UserinfoOfAUrlIsNotQuoted) {
  const std::string file =
      dir_.write("plan.json", fmt::format(R"([{{"provider":"http","action":"get",
                                     "params":{{"url":"https://u:{}@a.test/"}}}}])",
                                          kUserinfo.value));
  const Finished people = pilot(data(), {"run", file});
  EXPECT_NE(people.code, 0);
  clean(people, "run");
}

// After kill -9 in the middle of the calls: no core, nothing in what is left.
TEST_F(SecretsSinks, AKilledServerLeavesNothing) {
  FakeService service(never());
  {
    Server server(data(), {"--log-level", "debug"},
                  {"/usr/bin/env", "PILOT_ENCRYPTION_KEYS=" + fernet_.value});
    ASSERT_TRUE(server.up());
    set_all();
    const std::string file = dir_.write("plan.json", plan(service));
    clean(pilot(data(), {"run", file, "--detach"}), "run --detach");
    ASSERT_TRUE(service.wait_for("/tells", 1));
    server.process().signal(6);  // SIGABRT: as a bug would
    const Finished ended = server.process().wait();
    EXPECT_EQ(ended.code, 128 + 6);
    clean(ended, "the server");
  }
  clean_files();
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::current_path())) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("core")) << entry.path();
  }
}

}  // namespace
}  // namespace pilot::e2e
