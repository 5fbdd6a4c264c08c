// Services that misbehave: each gives its own clear error or is tried again as its effect allows,
// and the server stays well and small.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_service.h"
#include "pilot.h"

namespace pilot::e2e {
namespace {

using testing::AnyOf;
using testing::Eq;
using testing::HasSubstr;
using Millis = std::chrono::milliseconds;

constexpr std::size_t kMostMemory = 200;  // MiB
// Shadow memory of a sanitizer is not Pilot's.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kMeasureMemory = false;
#else
constexpr bool kMeasureMemory = true;
#endif
#else
constexpr bool kMeasureMemory = true;
#endif

class Faults : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.up()); }
  void TearDown() override {
    if (!server_.up()) return;
    EXPECT_TRUE(server_.healthy());
    const Answer fine = execute("[{'provider':'logic','action':'set'}]");
    EXPECT_EQ(at(fine.json, "success"), Json(true)) << fine.body;
    expect_small();
  }
  void expect_small() const {
    if (kMeasureMemory) EXPECT_LT(server_.rss_mib(), kMostMemory);
  }
  Answer execute(const std::string& plan, const std::string& wait = "60") const {
    return server_.post("/api/execute?wait=" + wait, quoted("{'plan':" + plan + "}"));
  }
  // One GET of `path`; answers the run.
  Json get_run(const std::string& path, const std::string& fields = "") const {
    const Answer done = execute(
        fmt::format("[{{'id':'s','provider':'http','action':'get','params':{{'url':'{}'}}{}}}]",
                    service_.url(path), fields));
    EXPECT_EQ(done.status, 200) << done.body;
    return server_.get("/api/runs/" + done.text("run_id")).json;
  }
  // The run failed with this code, told to people.
  void expect_error(const Json& run, const testing::Matcher<std::string>& code) const {
    EXPECT_EQ(text_at(run, "status"), "error") << to_json(run);
    EXPECT_THAT(text_at(run, "steps/0/error/code"), code) << to_json(at(run, "steps"));
    EXPECT_FALSE(text_at(run, "steps/0/error/message").empty());
    EXPECT_LT(text_at(run, "steps/0/error/message").size(), 1'000u);
  }
  TempDir dir_;
  FakeService service_{answer(200, R"({"ok":true})")};
  Server server_{dir_.path() / "data"};
};

const char* const kOnce = ",'retry':'none'";

TEST_F(Faults, NoAnswer) {
  service_.on("/x", never());
  const auto begin = std::chrono::steady_clock::now();
  const Json run = get_run("/x", ",'timeout':'300ms','retry':{'max_attempts':2,'initial':'50ms'}");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{25});
  expect_error(run, "timeout");
  EXPECT_EQ(text_at(run, "steps/0/status"), "timeout");
  EXPECT_EQ(at(run, "steps/0/attempts"), Json(2));
  EXPECT_EQ(text_at(run, "attempts/0/status"), "retrying");
  EXPECT_EQ(service_.count("/x"), 2u);
}

TEST_F(Faults, NoAnswerToAnUnsafeCall) {
  service_.on("/x", never());
  const std::string post =
      "[{'id':'s','provider':'http','action':'post','timeout':'300ms',"
      "'params':{'url':'" +
      service_.url("/x") + "','json':{}}";
  const Answer asked = execute(post + "}]", "5");
  EXPECT_EQ(asked.status, 202) << asked.body;
  const Json waiting = server_.ended(asked.text("run_id"));
  EXPECT_EQ(text_at(waiting, "status"), "waiting");
  EXPECT_EQ(text_at(waiting, "reason"), "outcome_unknown");
  EXPECT_EQ(text_at(waiting, "steps/0/status"), "unknown");
  EXPECT_EQ(service_.count("/x"), 1u);
  const Answer failed = execute(post + ",'on_unknown':'fail'}]");
  EXPECT_EQ(text_at(server_.ended(failed.text("run_id")), "steps/0/error/code"), "outcome_unknown");
  EXPECT_EQ(service_.count("/x"), 2u);
}

TEST_F(Faults, Garbage) {
  service_.on("/x", garbage());
  expect_error(get_run("/x", kOnce), "bad_response");
}

TEST_F(Faults, ClosedHalfWayAndWithoutAnAnswer) {
  service_.on("/half", close_half_way());
  expect_error(get_run("/half", kOnce), "connection_lost");
  service_.on("/none", close_without_answer());
  const Json run = get_run("/none", ",'retry':{'max_attempts':3,'initial':'20ms'}");
  expect_error(run, "connection_lost");
  EXPECT_EQ(service_.count("/none"), 3u) << "a read is made again";
}

TEST_F(Faults, NobodyListens) {
  const Answer done = execute(
      "[{'provider':'http','action':'post','params':{'url':'http://127.0.0.1:1/','json':{}},"
      "'retry':{'max_attempts':2,'initial':'20ms'}}]");
  const Json run = server_.get("/api/runs/" + done.text("run_id")).json;
  expect_error(run, "connect_failed");
  EXPECT_EQ(at(run, "steps/0/attempts"), Json(2)) << "never sent, so tried again";
}

TEST_F(Faults, EndlessRedirects) {
  service_.on("/x", redirect_for_ever());
  const Json run = get_run("/x");
  expect_error(run, testing::HasSubstr("redirect"));
  EXPECT_LE(service_.count("/x"), 10u);
  EXPECT_GE(service_.count("/x"), 2u);
}

TEST_F(Faults, GzipBomb) {
  service_.on("/x", gzip_bomb());
  expect_error(get_run("/x"), "output_too_large");
  EXPECT_EQ(service_.count("/x"), 1u) << "it would be as large again";
  expect_small();
}

TEST_F(Faults, EndlessBody) {
  service_.on("/x", endless_body());
  expect_error(get_run("/x"), "output_too_large");
  EXPECT_EQ(service_.count("/x"), 1u);
  expect_small();
}

TEST_F(Faults, EndlessBodiesAtOnce) {
  service_.on("/x", endless_body());
  service_.on("/bomb", gzip_bomb());
  std::string steps;
  for (int i = 0; i < 10; ++i) {
    steps += fmt::format(
        "{}{{'provider':'http','action':'get','depends_on':[],'on_error':"
        "'continue','params':{{'url':'{}'}}}}",
        i == 0 ? "" : ",", service_.url(i % 2 == 0 ? "/x" : "/bomb"));
  }
  const Answer done = execute("{'steps':[" + steps + "]}");
  EXPECT_EQ(at(done.json, "execution/failed_steps"), Json(10)) << done.body;
  expect_small();
}

TEST_F(Faults, FailsTwiceThenAnswers) {
  service_.on("/x", fail_first(2, 503, {{"Retry-After", "0"}}, answer(200, R"({"ok":1})")));
  const Json run = get_run("/x", ",'retry':{'max_attempts':3,'initial':'20ms'}");
  EXPECT_EQ(text_at(run, "status"), "success") << to_json(run);
  EXPECT_EQ(at(run, "steps/0/attempts"), Json(3));
  EXPECT_EQ(at(run, "steps/0/output/body/ok"), Json(1));
  EXPECT_EQ(text_at(run, "attempts/0/status"), "retrying");
  EXPECT_EQ(at(run, "attempts/0/http_status"), Json(503));
  EXPECT_EQ(text_at(run, "attempts/2/status"), "success");
}

TEST_F(Faults, AWebhookKeepsItsIdOverAttempts) {
  service_.on("/hook", fail_first(2, 500, {}, answer(200, "{}")));
  const Answer done =
      execute("[{'provider':'webhook','action':'send','params':{'url':'" + service_.url("/hook") +
              "','payload':{}},'retry':{'max_attempts':3,'initial':'20ms'}}]");
  EXPECT_EQ(at(done.json, "success"), Json(true)) << done.body;
  const std::vector<Seen> hooks = service_.seen("/hook");
  ASSERT_EQ(hooks.size(), 3u);
  EXPECT_EQ(hooks[0].header("webhook-id").size(), 40u);
  EXPECT_EQ(hooks[1].header("webhook-id"), hooks[0].header("webhook-id"));
  EXPECT_EQ(hooks[2].header("webhook-id"), hooks[0].header("webhook-id"));
}

TEST_F(Faults, RetryAfterIsKept) {
  service_.on("/x", fail_first(1, 429, {{"Retry-After", "2"}}, answer(200, "{}")));
  const Json run = get_run("/x", ",'retry':{'max_attempts':2,'initial':'1ms'}");
  EXPECT_EQ(text_at(run, "status"), "success") << to_json(run);
  const std::vector<Seen> seen = service_.seen("/x");
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_GE(seen[1].at - seen[0].at, Millis{1'950}) << "not before the service wants it";
  EXPECT_EQ(text_at(run, "attempts/0/error/code"), "rate_limited");
}

TEST_F(Faults, StatusesThatAreFinal) {
  for (const auto& [status, code] : {std::pair{404, "not_found"},
                                     {401, "unauthorized"},
                                     {422, "invalid_request"},
                                     {409, "conflict"}}) {
    const std::string path = fmt::format("/s{}", status);
    service_.on(path, answer(status, R"({"message":"no such thing"})"));
    const Json run = get_run(path);
    expect_error(run, code);
    EXPECT_THAT(text_at(run, "steps/0/error/message"), HasSubstr("no such thing"));
    EXPECT_EQ(at(run, "steps/0/error/http_status"), Json(status));
    EXPECT_EQ(service_.count(path), 1u) << status;
  }
}

TEST_F(Faults, AnAnswerOverTheOutputLimit) {
  service_.on("/x", answer(200, "\"" + std::string(6u << 20, 'x') + "\""));
  expect_error(get_run("/x"), "output_too_large");
  service_.on("/y", answer(200, "\"" + std::string(4u << 20, 'y') + "\""));
  EXPECT_EQ(text_at(get_run("/y"), "status"), "success");
  expect_small();
}

TEST_F(Faults, MetadataAddressesAreNeverCalled) {
  const Answer done = execute(
      "[{'provider':'http','action':'get','params':{'url':"
      "'http://169.254.169.254/latest/meta-data'}}]");
  const Json run = server_.get("/api/runs/" + done.text("run_id")).json;
  expect_error(run, "blocked_address");
}

// All of them at once, beside plans that have nothing to do with them.
TEST_F(Faults, AllOfItUnderLoad) {
  service_.on("/never", never());
  service_.on("/garbage", garbage());
  service_.on("/half", close_half_way());
  service_.on("/none", close_without_answer());
  service_.on("/round", redirect_for_ever());
  service_.on("/bomb", gzip_bomb());
  service_.on("/endless", endless_body());
  std::string steps;
  for (const char* path : {"/never", "/garbage", "/half", "/none", "/round", "/bomb", "/endless"}) {
    steps += fmt::format(
        "{}{{'provider':'http','action':'get','depends_on':[],'retry':'none',"
        "'on_error':'continue','timeout':'2s','params':{{'url':'{}'}}}}",
        steps.empty() ? "" : ",", service_.url(path));
  }
  std::vector<std::thread> clients;
  std::vector<Answer> bad(12);
  std::vector<Answer> good(100);
  for (Answer& one : bad) {
    clients.emplace_back([&one, &steps, this] { one = execute("{'steps':[" + steps + "]}"); });
  }
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&good, client, this] {
      for (std::size_t i = static_cast<std::size_t>(client); i < good.size(); i += 4) {
        good[i] = execute("[{'provider':'http','action':'get','params':{'url':'" +
                          service_.url("/good") + "'}}]");
      }
    });
  }
  for (std::thread& client : clients) client.join();
  for (const Answer& one : bad) {
    EXPECT_EQ(at(one.json, "execution/failed_steps"), Json(7)) << one.body;
  }
  for (const Answer& one : good) EXPECT_EQ(at(one.json, "success"), Json(true)) << one.body;
}

TEST_F(Faults, HundredExecutionsAtOnce) {
  service_.on("/slow", after(Millis{50}, answer(200, R"({"n":1})")));
  const std::string plan = fmt::format(
      "[{{'provider':'http','action':'get','params':{{'url':'{0}/slow'}}}},"
      "{{'provider':'logic','action':'set','params':{{'n':'${{steps.0.output.body.n}}'}}}},"
      "{{'provider':'http','action':'post','params':{{'url':'{0}/post','json':"
      "'${{steps.1.output}}'}}}}]",
      service_.url());
  std::vector<std::thread> clients;
  std::vector<Answer> answers(100);
  for (Answer& one : answers) {
    clients.emplace_back([&one, &plan, this] { one = execute(plan); });
  }
  for (std::thread& client : clients) client.join();
  for (const Answer& one : answers) {
    EXPECT_EQ(one.status, 200) << one.body;
    EXPECT_EQ(at(one.json, "success"), Json(true)) << one.body;
  }
  EXPECT_EQ(service_.count("/post"), 100u);
  EXPECT_EQ(service_.count("/slow"), 100u);
}

}  // namespace
}  // namespace pilot::e2e
