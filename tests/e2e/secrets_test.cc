// Credentials go in and never come out, but in the request that they are for: not in answers, logs,
// what commands print, errors, nor in any file of the data directory but as ciphertext.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "fake_service.h"
#include "pilot.h"
#include "postgres_traces.h"

namespace pilot::e2e {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kCanary = "sk-CANARY7e0c913c+91/3dba181e69=x\"y&z";

// The canary in the forms that it comes back in.
std::vector<std::string> forms() {
  std::vector<std::string> out{
      kCanary, to_json(Json(kCanary)).substr(1, kCanary.size()),
      crypto::hex(std::vector<std::uint8_t>(kCanary.begin(), kCanary.end())), "CANARY7e0c913c"};
  for (std::size_t before = 0; before < 3; ++before) {
    // What the value alone decides of its base64, at each of the three alignments.
    const std::string all = crypto::base64(std::string(before, '-') + kCanary);
    out.push_back(all.substr(4, all.size() - 8));
    out.push_back(crypto::base64url(std::string(before, '-') + kCanary).substr(4, all.size() - 8));
  }
  return out;
}

void expect_clean(std::string_view text, const std::string& where) {
  static const std::vector<std::string> kForms = forms();
  for (const std::string& form : kForms) {
    EXPECT_EQ(text.find(form), std::string::npos) << where << " holds the secret as " << form;
  }
}

class Secrets : public testing::Test {
 protected:
  void SetUp() override {
    if (on_postgres()) traces_.emplace(dir_, data());
  }
  std::filesystem::path data() const { return dir_.path() / "data"; }
  void set(const std::string& provider, const std::string& type, const std::string& value) const {
    const Finished done = pilot(data(), {"credentials", "set", provider, type}, value + "\n");
    EXPECT_EQ(done.code, 0) << done.err;
    expect_clean(done.out + done.err, "credentials set");
  }
  void expect_clean_files() {
    int files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data())) {
      expect_clean(read_file(entry.path()), entry.path().string());
      ++files;
    }
    EXPECT_GE(files, on_postgres() ? 2 : 3);
    if (traces_) traces_->visit(expect_clean);
  }
  TempDir dir_;
  std::optional<PostgresTraces> traces_;
};

TEST_F(Secrets, SetFromStdinListedByTypeAndRemoved) {
  set("openai", "api_key", kCanary);
  const Json listed = pilot_json(data(), {"credentials", "list"});
  ASSERT_EQ(listed.get_array().size(), 1u);
  EXPECT_EQ(text_at(listed, "0/provider"), "openai");
  EXPECT_EQ(text_at(listed, "0/type"), "api_key");
  EXPECT_EQ(text_at(listed, "0/connection"), "default");
  EXPECT_EQ(find(listed.get_array()[0], "value"), nullptr);
  const Finished people = pilot(data(), {"credentials", "list"});
  EXPECT_THAT(people.out, HasSubstr("api_key"));
  expect_clean(to_json(listed) + people.out, "credentials list");
  expect_clean_files();
  EXPECT_EQ(pilot(data(), {"credentials", "set", "openai", "api_key"}, "\n").code, 2);
  EXPECT_EQ(pilot(data(), {"credentials", "rm", "openai", "api_key"}).code, 0);
  EXPECT_EQ(pilot_json(data(), {"credentials", "list"}), Json(JsonArray{}));
  EXPECT_EQ(pilot(data(), {"credentials", "rm", "openai", "api_key"}).code, 2);
}

TEST_F(Secrets, TheRequestIsShownMasked) {
  set("openai", "api_key", kCanary);
  const Json shown = pilot_json(
      data(), {"providers", "request", "openai", "chat", "--params", R"({"prompt":"hi"})"});
  EXPECT_THAT(text_at(shown, "headers/Authorization"), HasSubstr("***"));
  expect_clean(to_json(shown), "providers request");
}

// The service sends everything back: in the body, in a header, in base64, in an error text.
void tell_back(Peer& peer, const Seen& seen) {
  const std::string key = seen.header("authorization");
  const JsonObject body{{"echo", key},
                        {"base64", crypto::base64(key)},
                        {"list", JsonArray{key, JsonObject{{key, "as a key"}}}},
                        {"message", "the key " + key + " was refused"}};
  const int status = seen.path == "/refuses" ? 403 : 200;
  peer.reply(status, to_json(body), {{"X-Echo", key}, {"Content-Type", "application/json"}});
}

TEST_F(Secrets, AnEchoedKeyIsMaskedEverywhere) {
  FakeService service(tell_back);
  set("http", "api_key", kCanary);
  const std::string file =
      dir_.write("plan.json", quoted(fmt::format("{{'steps':["
                                                 "{{'id':'ask','provider':'http','action':'get',"
                                                 "'params':{{'url':'{0}/tells'}}}},"
                                                 "{{'id':'use','provider':'logic','action':'set',"
                                                 "'params':{{'x':'${{steps.ask.output}}'}}}},"
                                                 "{{'id':'bad','provider':'http','action':'get',"
                                                 "'params':{{'url':'{0}/refuses'}}}}]}}",
                                                 service.url())));
  Server server(data(), {"--log-level", "debug"});
  ASSERT_TRUE(server.up());
  const Finished people = pilot(data(), {"run", file});
  EXPECT_EQ(people.code, 1);
  const Finished script = pilot(data(), {"run", file, "--json"});
  const std::string run = text_at(parsed(script.out), "run_id");

  ASSERT_EQ(service.count(), 4u);
  for (const Seen& seen : service.seen()) {
    EXPECT_EQ(seen.header("authorization"), "Bearer " + kCanary) << "the service itself gets it";
  }
  EXPECT_THAT(script.out, HasSubstr("***"));
  expect_clean(people.out + people.err, "run");
  expect_clean(script.out + script.err, "run --json");
  for (const std::string& target :
       {std::string("/api/runs/") + run, std::string("/api/runs"),
        std::string("/api/execution-logs"), std::string("/api/provider-credentials/http"),
        std::string("/api/provider-credentials"), std::string("/api/monitoring/status")}) {
    const Answer answer = server.get(target);
    EXPECT_EQ(answer.status, 200) << target;
    expect_clean(answer.body, target);
  }
  EventStream events(server.url(), "/api/runs/" + run + "/events");
  while (const auto event = events.next()) expect_clean(to_json(event->data), "an event");
  expect_clean(pilot(data(), {"logs"}).out, "logs");
  const Finished ended = server.stop();
  EXPECT_EQ(ended.code, 0);
  expect_clean(ended.out + ended.err, "the server's log");
  expect_clean_files();
}

TEST_F(Secrets, ModelsAndWebhooks) {
  FakeService service([](Peer& peer, const Seen& seen) {
    const Json said = parsed(seen.body);
    peer.reply(200,
               to_json(JsonObject{
                   {"model", "m"},
                   {"usage", JsonObject{{"prompt_tokens", 5}, {"completion_tokens", 7}}},
                   {"choices",
                    JsonArray{JsonObject{
                        {"finish_reason", "stop"},
                        {"message", JsonObject{{"role", "assistant"},
                                               {"content", seen.header("authorization")}}}}}}}));
  });
  set("openai", "api_key", kCanary);
  set("openai", "base_url", service.url("/v1"));
  const std::string secret = "whsec_" + crypto::base64("0123456789abcdefghijklmnopqrstuv");
  set("webhook", "secret", secret);
  const Finished done = pilot(
      data(), {"run",
               dir_.write("plan.json",
                          quoted(fmt::format(
                              "[{{'provider':'openai','action':'chat','params':{{'prompt':'hi'}}}},"
                              "{{'provider':'webhook','action':'send','params':{{'url':'{}/hook',"
                              "'payload':{{'said':'${{steps.0.output.text}}'}}}}}}]",
                              service.url()))),
               "--json"});
  EXPECT_EQ(done.code, 0) << done.out << done.err;
  expect_clean(done.out + done.err, "run --json");
  const std::vector<Seen> asked = service.seen("/v1/chat/completions");
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].header("authorization"), "Bearer " + kCanary);
  const std::vector<Seen> hooks = service.seen("/hook");
  ASSERT_EQ(hooks.size(), 1u);
  EXPECT_THAT(hooks[0].body, HasSubstr("***"));
  // Standard Webhooks: HMAC-SHA256 over id.timestamp.body.
  const std::string signed_text = hooks[0].header("webhook-id") + "." +
                                  hooks[0].header("webhook-timestamp") + "." + hooks[0].body;
  const auto mac = crypto::hmac_sha256("0123456789abcdefghijklmnopqrstuv", signed_text);
  EXPECT_EQ(hooks[0].header("webhook-signature"), "v1," + crypto::base64(crypto::as_text(mac)));
  expect_clean_files();
}

// Redirected to another host, the key stays behind.
TEST_F(Secrets, AKeyDoesNotFollowARedirect) {
  FakeService other(echo());
  FakeService service(answer(302, "{}", {{"Location", other.url("/there")}}));
  set("http", "token", kCanary);
  const Finished done = pilot(
      data(), {"run",
               dir_.write("plan.json", quoted(fmt::format("[{{'provider':'http','action':'get',"
                                                          "'params':{{'url':'{}/go'}}}}]",
                                                          service.url("")))),
               "--json"});
  EXPECT_EQ(done.code, 0) << done.out << done.err;
  ASSERT_EQ(service.count("/go"), 1u);
  EXPECT_EQ(service.seen("/go")[0].header("authorization"), "Bearer " + kCanary);
  ASSERT_EQ(other.count("/there"), 1u);
  const Seen there = other.seen("/there")[0];
  for (const auto& [name, value] : there.headers) expect_clean(value, name);
}

TEST_F(Secrets, AMissingCredentialIsNamed) {
  const Json told =
      pilot_json(data(),
                 {"run", dir_.write("plan.json", quoted("[{'provider':'groq','action':'chat',"
                                                        "'params':{'prompt':'hi'}}]"))},
                 1);
  EXPECT_THAT(text_at(told, "steps/0/error/message"), HasSubstr("api_key")) << to_json(told);
  EXPECT_EQ(at(told, "steps/0/attempts"), Json(1)) << "trying again would not help";
}

}  // namespace
}  // namespace pilot::e2e
