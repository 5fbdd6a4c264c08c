// The commands besides `run`: plans, runs, logs, providers, doctor, migrate, demo-server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "pilot.h"

namespace pilot::e2e {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

class CliCommands : public testing::Test {
 protected:
  std::filesystem::path data() const { return dir_.path() / "data"; }
  Json json(Arguments args, int code = 0) const {
    return pilot_json(data(), std::move(args), code);
  }
  Finished run(Arguments args, const std::string& input = {}) const {
    return pilot(data(), std::move(args), input);
  }
  std::string plan(const std::string& text) const { return dir_.write("plan.json", quoted(text)); }
  std::string save() const {
    return text_at(json({"plans", "save",
                         plan("{'name':'Greet','steps':[{'provider':'logic',"
                              "'action':'set','params':{'x':'${inputs.x}'}}]}")}),
                   "id");
  }
  TempDir dir_;
};

TEST_F(CliCommands, PlansFromSaveToRemove) {
  EXPECT_THAT(run({"plans", "list"}).out, HasSubstr("no plans yet"));
  EXPECT_EQ(json({"plans", "list"}), Json(JsonArray{}));
  const std::string id = save();
  ASSERT_EQ(id.size(), 36u);
  const Json listed = json({"plans", "list"});
  ASSERT_EQ(listed.get_array().size(), 1u);
  EXPECT_EQ(text_at(listed, "0/id"), id);
  EXPECT_EQ(text_at(listed, "0/name"), "Greet");
  EXPECT_THAT(run({"plans", "list"}).out, AllOf(HasSubstr("NAME"), HasSubstr("Greet")));
  EXPECT_EQ(text_at(json({"plans", "show", id}), "plan_json/steps/0/action"), "set");

  const std::string again =
      plan("{'name':'Greet 2','steps':[{'provider':'logic','action':'set'}]}");
  EXPECT_EQ(at(json({"plans", "save", again, "--id", id}), "version"), Json(2));
  EXPECT_EQ(text_at(json({"plans", "list"}), "0/name"), "Greet 2");

  const Json ran = json({"plans", "run", id});
  EXPECT_EQ(text_at(ran, "status"), "success");
  EXPECT_EQ(run({"plans", "rm", id}).code, 0);
  EXPECT_EQ(json({"plans", "list"}), Json(JsonArray{}));
  for (const char* command : {"show", "rm", "run"}) {
    const Finished gone = run({"plans", command, id});
    EXPECT_EQ(gone.code, 2) << command << gone.out;
    EXPECT_THAT(gone.err, HasSubstr("error: ")) << command;
  }
}

TEST_F(CliCommands, PlansRunTakesInputs) {
  const Json ran = json({"plans", "run", save(), "--input", "x=hello"});
  EXPECT_EQ(text_at(ran, "steps/0/output/x"), "hello");
}

TEST_F(CliCommands, ABadPlanIsNotSaved) {
  const std::string bad = plan("{'steps':[{'provider':'logik','action':'set'}]}");
  const Finished refused = run({"plans", "save", bad});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("logik"), HasSubstr("/steps/0/provider")));
  EXPECT_EQ(json({"plans", "list"}), Json(JsonArray{}));
  const std::string id = save();
  EXPECT_EQ(run({"plans", "save", plan("{'steps':[]}"), "--id", id}).code, 2);
  EXPECT_EQ(at(json({"plans", "show", id}), "version"), Json(1));
}

TEST_F(CliCommands, ValidateAnswersForPeopleAndScripts) {
  const Finished fine = run({"plans", "validate", plan("[{'provider':'logic','action':'set'}]")});
  EXPECT_EQ(fine.code, 0) << fine.err;
  const Json told = json({"plans", "validate", plan("[{'provider':'logic','action':'set'}]")});
  EXPECT_EQ(to_json(told), R"({"ok":true,"problems":[]})");
  const std::string two = plan("[{'provider':'logik','action':'set'},{'id':'a b'}]");
  const Json problems = json({"plans", "validate", two}, 2);
  EXPECT_EQ(at(problems, "ok"), Json(false));
  for (const Json& problem : list_at(problems, "problems")) {
    EXPECT_THAT(keys(problem), ElementsAre("pointer", "code", "message"));
  }
  EXPECT_FALSE(std::filesystem::exists(data())) << "validating needs no data directory";
}

TEST_F(CliCommands, RunsAreListedAndShown) {
  EXPECT_EQ(json({"runs", "list"}), Json(JsonArray{}));
  const std::string good =
      text_at(json({"run", plan("[{'provider':'logic','action':'set'}]")}), "run_id");
  const std::string bad = text_at(
      json({"run", plan("{'name':'Bad','steps':[{'provider':'logic','action':'fail'}]}")}, 1),
      "run_id");
  const Json all = json({"runs", "list"});
  ASSERT_EQ(all.get_array().size(), 2u);
  EXPECT_EQ(text_at(all, "0/id"), bad) << "newest first";
  EXPECT_EQ(text_at(all, "0/status"), "error");
  EXPECT_EQ(text_at(all, "1/id"), good);
  const Json failed = json({"runs", "list", "--status", "error"});
  ASSERT_EQ(failed.get_array().size(), 1u);
  EXPECT_EQ(text_at(failed, "0/id"), bad);
  EXPECT_EQ(json({"runs", "list", "--limit", "1"}).get_array().size(), 1u);
  EXPECT_THAT(run({"runs", "list"}).out, AllOf(HasSubstr("STATUS"), HasSubstr("Bad")));
  EXPECT_EQ(run({"runs", "list", "--status", "odd"}).code, 2);

  const Json shown = json({"runs", "show", bad});
  EXPECT_EQ(text_at(shown, "status"), "error");
  EXPECT_EQ(text_at(shown, "steps/0/error/code"), "failed");
  EXPECT_EQ(list_at(shown, "attempts").size(), 1u);
  EXPECT_EQ(run({"runs", "show", "01a20682-255a-7e0c-913c-913dba181e69"}).code, 2);
  EXPECT_EQ(run({"runs", "cancel", bad}).code, 2) << "it has ended already";
}

TEST_F(CliCommands, LogsReadAsALog) {
  const std::string file = plan(
      "[{'id':'first','provider':'logic','action':'set','params':{'x':1}},"
      "{'id':'second','provider':'logic','action':'fail'}]");
  const std::string id = text_at(json({"run", file}, 1), "run_id");
  static_cast<void>(json({"run", file}, 1));
  const Finished lines = run({"logs", "--run", id});
  EXPECT_EQ(lines.code, 0) << lines.err;
  EXPECT_EQ(std::count(lines.out.begin(), lines.out.end(), '\n'), 2) << lines.out;
  EXPECT_LT(lines.out.find("first"), lines.out.find("second")) << "newest last";
  EXPECT_THAT(lines.out, AllOf(HasSubstr("logic.fail"), HasSubstr("{\"x\":1}")));
  const Finished as_json = run({"logs", "--json"});
  EXPECT_EQ(std::count(as_json.out.begin(), as_json.out.end(), '\n'), 4) << as_json.out;
  const Json row = parsed(as_json.out.substr(0, as_json.out.find('\n')));
  EXPECT_THAT(keys(row), IsSupersetOf({"id", "plan_id", "user_id", "plan_name", "step_number",
                                       "provider", "action", "status", "message", "latency_ms",
                                       "output_preview", "error", "timestamp", "created_at"}));
  const Finished follow = run({"logs", "-f"});
  EXPECT_EQ(follow.code, 2);
  EXPECT_THAT(follow.err, HasSubstr("pilot serve"));
}

TEST_F(CliCommands, ProvidersListAndShow) {
  const Json all = json({"providers", "list"});
  std::vector<std::string> names;
  for (const Json& provider : all.get_array()) {
    EXPECT_THAT(keys(provider), IsSupersetOf({"name", "kind", "auth", "actions"}));
    EXPECT_TRUE(at(provider, "auth").is_array());
    EXPECT_TRUE(at(provider, "actions/0").is_string()) << to_json(provider);
    names.push_back(text_at(provider, "name"));
  }
  EXPECT_THAT(names,
              IsSupersetOf({"http", "webhook", "custom_api", "logic", "openai", "groq", "email"}));
  // One of each kind: a start of the program for each of them all takes half a minute.
  for (const std::string name :
       {"http", "logic", "email", "postgresql", "openai", "slack", "aws_s3"}) {
    ASSERT_THAT(names, Contains(name));
    const Json shown = json({"providers", "show", name});
    EXPECT_EQ(text_at(shown, "name"), name);
    for (const Json& action : list_at(shown, "actions")) {
      EXPECT_THAT(keys(action), IsSupersetOf({"name", "params", "effect"}));
      EXPECT_TRUE(at(action, "params").is_object()) << name;
    }
  }
  EXPECT_THAT(run({"providers", "show", "openai"}).out,
              AllOf(HasSubstr("chat_completion"), HasSubstr("pilot credentials set openai")));
  EXPECT_FALSE(std::filesystem::exists(data())) << "looking needs no data directory";
}

TEST_F(CliCommands, ProvidersRequestSendsNothingAndMasks) {
  const Json get = json({"providers", "request", "http", "get", "--params",
                         R"({"url":"http://127.0.0.1:1/x","query":{"a":["b c",2]}})"});
  EXPECT_THAT(keys(get), ElementsAre("method", "url", "headers", "body"));
  EXPECT_EQ(text_at(get, "method"), "GET");
  EXPECT_EQ(text_at(get, "url"), "http://127.0.0.1:1/x?a=b%20c&a=2");
  EXPECT_TRUE(at(get, "body").is_null());
  const Json chat = json({"providers", "request", "openai", "chat_completion", "--params",
                          R"({"prompt":"hi","base_url":"http://127.0.0.1:1/v1"})",
                          "--connection-values", R"({"api_key":"sk-canary-42"})"});
  EXPECT_EQ(text_at(chat, "method"), "POST");
  EXPECT_EQ(text_at(chat, "url"), "http://127.0.0.1:1/v1/chat/completions");
  EXPECT_THAT(text_at(chat, "headers/Authorization"), HasSubstr("***"));
  EXPECT_EQ(text_at(chat, "body/messages/0/content"), "hi");
  EXPECT_THAT(to_json(chat), Not(HasSubstr("sk-canary-42")));
  const Finished people = run({"providers", "request", "http", "post", "--params",
                               R"({"url":"http://127.0.0.1:1/x","json":{"a":1}})"});
  EXPECT_THAT(people.out, AllOf(HasSubstr("POST http://127.0.0.1:1/x\n"), HasSubstr("\"a\": 1")));
}

TEST_F(CliCommands, DoctorOnNothingOnSomethingAndOnTrouble) {
  const Json fresh = json({"doctor"});
  EXPECT_EQ(at(fresh, "ok"), Json(true));
  EXPECT_FALSE(std::filesystem::exists(data())) << "a doctor changes nothing";
  static_cast<void>(json({"run", plan("[{'provider':'logic','action':'set'}]")}));
  const Json used = json({"doctor"});
  EXPECT_EQ(at(used, "ok"), Json(true)) << to_json(used);
  EXPECT_THAT(to_json(used), HasSubstr(on_postgres() ? "postgresql at 127.0.0.1" : "integrity ok"));
  std::filesystem::permissions(data(), std::filesystem::perms{0755});
  const Finished open = run({"doctor"});
  EXPECT_EQ(open.code, 1) << open.out;
  EXPECT_THAT(open.out, HasSubstr("chmod 700"));
}

TEST_F(CliCommands, MigrateOnceAndNoMore) {
  const Json first = json({"migrate"});
  EXPECT_EQ(at(first, "from"), Json(0));
  EXPECT_GT(list_at(first, "applied").size(), 0u);
  const Json second = json({"migrate"});
  EXPECT_EQ(at(second, "from"), at(first, "to"));
  EXPECT_EQ(at(second, "applied"), Json(JsonArray{}));
  EXPECT_THAT(run({"migrate"}).out, HasSubstr("up to date"));
}

TEST_F(CliCommands, DemoServerServesTheShop) {
  Process demo({PILOT_BINARY, "--json", "demo-server", "--port", "0"});
  const std::string url = text_at(parsed(demo.line(0)), "url");
  ASSERT_THAT(url, HasSubstr("http://127.0.0.1:"));
  EXPECT_EQ(list_at(call(url, "GET", "/orders").json, "orders").size(), 4u);
  EXPECT_EQ(call(url, "GET", "/stock?key=k").status, 503);
  EXPECT_EQ(call(url, "GET", "/stock?key=k").header("retry-after"), "0");
  EXPECT_EQ(call(url, "GET", "/stock?key=k").status, 200);
  EXPECT_EQ(call(url, "POST", "/reports", "{\"a\":1}").status, 201);
  demo.signal(SIGTERM);
  EXPECT_EQ(demo.wait().code, 0);
}

TEST_F(CliCommands, VersionAndHelp) {
  EXPECT_THAT(run({"--version"}).out, testing::MatchesRegex("pilot [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  const Finished help = run({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* command : {"serve", "run", "plans", "runs", "logs", "providers", "credentials",
                              "migrate", "doctor", "demo-server"}) {
    EXPECT_THAT(help.out, HasSubstr(command));
  }
}

}  // namespace
}  // namespace pilot::e2e
