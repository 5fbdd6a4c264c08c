// The document says what is so: the real routes are asked, and every answer is held against it.
#include "api/openapi/openapi.h"

#include <gmock/gmock.h>

#include <set>

#include "api/test_api.h"
#include "schema/schema.h"

namespace pilot::api::openapi {
namespace {

using testing::IsEmpty;

// An object schema that lists its fields takes no others here: what is answered must be told.
// References point into $defs, which is what the checker knows.
Json strict(const Json& schema) {
  if (const JsonArray* list = schema.if_array()) {
    JsonArray out;
    for (const Json& entry : *list) out.push_back(strict(entry));
    return out;
  }
  const JsonObject* object = schema.if_object();
  if (object == nullptr) return schema;
  JsonObject out;
  for (const auto& member : *object) {
    if (member.key() == "$ref") {
      constexpr std::string_view kFrom = "#/components/schemas/";
      std::string target(as_view(member.value().as_string()));
      out["$ref"] = "#/$defs/" + target.substr(kFrom.size());
    } else {
      out[member.key()] = strict(member.value());
    }
  }
  const bool lists_fields = out.contains("properties") && out["properties"].is_object() &&
                            out.contains("type") && out["type"] == "object";
  if (lists_fields && !out.contains("additionalProperties")) out["additionalProperties"] = false;
  return out;
}

class OpenApiTest : public ApiTest {
 protected:
  void SetUp() override {
    document_ = make_document(router_.routes(), "1.2.3");
    definitions_ = strict(document_.at("components").at("schemas"));
  }

  // Calls all routes of a part, in each way that matters.
  void ask_about_the_server();
  void ask_about_integrations();
  void ask_about_plans();
  void ask_about_runs();
  void ask_about_people();

  // Asks, and holds what came against the document.
  Answer ask(Method method, std::string_view target, std::string body = {},
             std::vector<HeaderView> headers = {}) {
    Request request;
    request.method = method;
    EXPECT_TRUE(parse_target(target, request)) << target;
    request.headers = std::move(headers);
    request.headers.push_back({"Host", "localhost"});
    const std::string bearer = "Bearer " + token_;
    if (!token_.empty()) request.headers.push_back({"Authorization", bearer});
    if (!body.empty()) request.headers.push_back({"Content-Type", "application/json"});
    request.has_body = !body.empty();
    request.body = body;
    Answer out;
    out.response = run_sync(router_.handle(request));
    out.status = out.response.status;
    out.body = out.response.body;
    if (Result<Json> json = parse_json(out.body)) out.json = *json;
    EXPECT_NE(request.route, nullptr) << target;
    if (request.route != nullptr) hold(request, out, body);
    return out;
  }

  void hold(const Request& request, const Answer& answer, const std::string& body) {
    const Route& route = *request.route;
    SCOPED_TRACE(fmt::format("{} {} -> {} {}", to_string(route.method), request.target,
                             answer.status, answer.body.substr(0, 300)));
    if (answer.status < 300) worked_.insert(route.id);
    std::string method(to_string(route.method));
    for (char& c : method) c = static_cast<char>(c | 0x20);
    const JsonObject& operation = document_.at("paths").at(route.pattern).at(method).as_object();
    EXPECT_EQ(as_view(operation.at("operationId").as_string()), route.id);
    hold_query(request, operation);
    if (answer.status < 300 && !body.empty()) {
      ASSERT_TRUE(operation.contains("requestBody"));
      const Json& content = operation.at("requestBody").at("content");
      EXPECT_THAT(problems(content.at("application/json").at("schema"), *parse_json(body)),
                  IsEmpty());
    }
    hold_answer(operation.at("responses").as_object(), answer);
  }
  void hold_query(const Request& request, const JsonObject& operation) {
    for (const auto& [name, value] : request.query) {
      bool told = false;
      if (const Json* list = operation.if_contains("parameters")) {
        for (const Json& one : list->as_array()) {
          told = told || (string_or(one, "in") == "query" && string_or(one, "name") == name);
        }
      }
      EXPECT_TRUE(told) << name;
    }
  }
  void hold_answer(const JsonObject& answers, const Answer& answer) {
    const Json* told = answers.if_contains(std::to_string(answer.status));
    if (told == nullptr && answer.status >= 400) {
      told = answers.if_contains(answer.status < 500 ? "4XX" : "5XX");
    }
    ASSERT_NE(told, nullptr) << "this status is not in the document";
    std::string type = answer.response.content_type;
    type = type.substr(0, type.find(';'));
    const Json* content = find(*told, "content");
    if (content == nullptr) {
      EXPECT_EQ(answer.body, "");
      return;
    }
    const Json* media = find(*content, type);
    ASSERT_NE(media, nullptr) << type;
    if (type.ends_with("json")) {
      EXPECT_THAT(problems(media->at("schema"), answer.json), IsEmpty());
    }
  }
  std::vector<std::string> problems(const Json& schema, const Json& value) {
    JsonObject whole = strict(schema).as_object();
    whole["$defs"] = definitions_;
    const auto compiled = schema::Schema::compile(whole);
    if (!compiled) return {compiled.error().pointer + ": " + compiled.error().message};
    std::vector<std::string> out;
    for (const Problem& one : compiled->check(value))
      out.push_back(one.pointer + ": " + one.message);
    return out;
  }

  void add_attempt(const std::string& run) {
    Attempt attempt;
    attempt.user = {"local"};
    attempt.run = {run};
    attempt.seq = attempt.revision = attempt.attempt = attempt.visit = 1;
    attempt.step_id = "step_1";
    attempt.provider = "logic";
    attempt.action = "set";
    attempt.status = AttemptStatus::error;
    attempt.error = JsonObject{{"code", "boom"}, {"message", "it broke"}};
    attempt.started_at = clock_.now();
    std::vector<store::JournalWrite> batch;
    batch.emplace_back(store::PutAttempt{attempt, "node", 0});
    EXPECT_TRUE(run_sync(store_->write(std::move(batch))));
  }

  Json document_;
  Json definitions_;
  std::string token_;             // sent with every request, once there is one
  std::set<std::string> worked_;  // routes that were seen to work
};

constexpr std::string_view kPlan =
    R"({"name":"p","steps":[{"provider":"logic","action":"set","params":{"x":1}}]})";

TEST_F(OpenApiTest, EveryRouteIsInIt) {
  for (const Route& route : router_.routes()) {
    std::string method(to_string(route.method));
    for (char& c : method) c = static_cast<char>(c | 0x20);
    const Json* path = find(document_.at("paths"), route.pattern);
    ASSERT_NE(path, nullptr) << route.pattern;
    EXPECT_NE(find(*path, method), nullptr) << route.pattern;
    EXPECT_FALSE(route.summary.empty()) << route.pattern;
  }
}

TEST_F(OpenApiTest, ARouteWithoutDocsStopsTheStart) {
  std::vector<Route> routes = router_.routes();
  routes.push_back({Method::get, "/api/new", Scope::read, "new_route", "New"});
  EXPECT_THROW(make_document(routes, "1"), std::logic_error);
  routes = router_.routes();
  routes.pop_back();
  EXPECT_THROW(make_document(routes, "1"), std::logic_error);
}

// All references lead somewhere, and each schema is one that the checker takes.
TEST_F(OpenApiTest, EverySchemaCompiles) {
  for (const auto& member : document_.at("components").at("schemas").as_object()) {
    const Json reference{{"$ref", "#/components/schemas/" + std::string(member.key())}};
    JsonObject whole = strict(reference).as_object();
    whole["$defs"] = definitions_;
    const auto compiled = schema::Schema::compile(whole);
    EXPECT_TRUE(compiled) << member.key() << ": " << compiled.error().message;
  }
}

TEST(OpenApiText, FieldsBecomeASchema) {
  EXPECT_EQ(to_json(schema_of("! a:string b?:integer? c:[Run] d:{string} e:x|y? f:any g:Run?")),
            R"({"type":"object","properties":{"a":{"type":"string"},)"
            R"("b":{"type":["integer","null"]},)"
            R"("c":{"type":"array","items":{"$ref":"#/components/schemas/Run"}},)"
            R"("d":{"type":"object","additionalProperties":{"type":"string"}},)"
            R"("e":{"type":["string","null"],"enum":["x","y",null]},"f":{},)"
            R"("g":{"anyOf":[{"$ref":"#/components/schemas/Run"},{"type":"null"}]}},)"
            R"("required":["a","c","d","e","f","g"],"additionalProperties":false})");
  for (const std::string_view bad : {"a", "a:", "a:strin", "...None", "a:[string"}) {
    EXPECT_THROW(schema_of(bad), std::logic_error) << bad;
  }
}

TEST_F(OpenApiTest, TheCheckIsNotVacuous) {
  const Json run{{"$ref", "#/components/schemas/Done"}};
  EXPECT_THAT(problems(run, *parse_json(R"({"success":true,"id":"x"})")), IsEmpty());
  for (const std::string_view bad :
       {R"({"success":true})", R"({"success":1,"id":"x"})", R"({"success":true,"id":"x","y":1})"}) {
    EXPECT_THAT(problems(run, *parse_json(bad)), testing::Not(IsEmpty())) << bad;
  }
}

void OpenApiTest::ask_about_the_server() {
  for (const std::string_view path :
       {"/", "/api/health", "/healthz", "/readyz", "/api/monitoring/status", "/api/openapi.json",
        "/api/providers", "/api/providers/chat", "/api/session", "/api/audit?limit=2",
        "/api/keyring", "/api/nodes", "/api/provider-credentials", "/api/execution-logs?limit=1",
        "/api/scheduler/fires?limit=1"}) {
    EXPECT_EQ(ask(Method::get, path).status, 200) << path;
  }
  EXPECT_EQ(ask(Method::get, "/api/providers/none").status, 404);
  EXPECT_EQ(ask(Method::post, "/api/providers/chat/actions/complete/request",
                R"({"params":{"prompt":"x"},"connection_values":{"api_key":"k12345678"}})")
                .status,
            200);
  ask(Method::post, "/api/keyring/rotate", R"({"continue":true})");
  ask(Method::del, "/api/keyring/none");
  ask_about_integrations();
}

void OpenApiTest::ask_about_integrations() {
  const std::string all = "/api/custom-integrations";
  const Answer made = ask(Method::post, all, R"({"name":"acme","base_url":"https://a.example",
      "actions":[{"action_id":"x","endpoint":"/x/{id}","http_method":"PUT"}]})");
  EXPECT_EQ(made.status, 201) << made.body;
  const std::string one = all + "/" + json_text(made.json, "id");
  ask(Method::post, all, R"({"openapi":"openapi: 3.0.0\npaths: {/a: {get: {}}}","include":["*"]})");
  ask(Method::post, all, R"({"name":"chat"})");
  ask(Method::get, all + "?limit=1");
  ask(Method::get, one);
  ask(Method::put, one, R"({"description":"d"})");
  ask(Method::post, one + "/credentials", R"({"type":"api_key","value":"k"})");
  ask(Method::del, one);
  ask(Method::del, one);
}

void OpenApiTest::ask_about_plans() {
  for (const std::string base : {"/api/plans", "/api/execution-plans"}) {
    const Answer made = ask(Method::post, base, std::string(kPlan));
    ASSERT_EQ(made.status, 201) << made.body;
    const std::string one = base + "/" + json_text(made.json, "id");
    ask(Method::get, base + "?limit=1&status=active");
    ask(Method::get, one);
    ask(Method::get, base + "/none");
    ask(Method::put, one, R"({"name":"other"})");
    ask(Method::put, one, R"({"name":"other","version":7})");
    ask(Method::get, one + "/versions");
    ask(Method::post, base + "/validate", std::string(kPlan));
    ask(Method::post, base + "/validate", R"({"steps":[{"provider":"none"}]})");
    ask(Method::post, base, R"({"steps":[{"provider":"none"}]})");
    ask(Method::post, one + "/validate");
    ask(Method::get, one + "/schedule");
    EXPECT_EQ(ask(Method::post, one + "/schedule", R"({"cron_expression":"0 7 * * *"})").status,
              200);
    ask(Method::get, one + "/schedule");
    ask(Method::get, "/api/scheduler/jobs?limit=1");
    ask(Method::post, one + "/schedule", R"({"cron_expression":"x"})");
    ask(Method::post, one + "/unschedule", "{}");
    ask(Method::post, "/api/runs",
        fmt::format(R"({{"plan_id":"{}"}})", json_text(made.json, "id")));
    ask(Method::del, one);
  }
}

void OpenApiTest::ask_about_runs() {
  const std::string start = fmt::format(R"({{"plan":{},"inputs":{{"n":1}}}})", kPlan);
  for (const std::string_view path : {"/api/execute", "/api/execute-plan"}) {
    engine_.outcome = RunState::success;
    EXPECT_EQ(ask(Method::post, path, start).status, 200);
    engine_.outcome = RunState::error;
    ask(Method::post, path, start);
    engine_.outcome = RunState::running;
    EXPECT_EQ(ask(Method::post, std::string(path) + "?wait=1", start).status, 202);
  }
  const std::string step = R"({"provider":"logic","action":"set","params":{"x":1}})";
  EXPECT_EQ(ask(Method::post, "/api/execute-step", step).status, 202);
  engine_.outcome = RunState::success;
  EXPECT_EQ(ask(Method::post, "/api/execute-step", step).status, 200);
  const Answer run = ask(Method::post, "/api/runs", start, {{"Idempotency-Key", "k"}});
  EXPECT_EQ(ask(Method::post, "/api/runs", start, {{"Idempotency-Key", "k"}}).body, run.body);
  ask(Method::post, "/api/runs", R"({"plan":[]})", {{"Idempotency-Key", "k"}});
  ask(Method::post, "/api/runs", R"({"plan":{},"typo":1})");
  const std::string id = json_text(run.json, "id");
  engine_.node = "node";  // who owns a run may write its attempts
  const Answer owned = ask(Method::post, "/api/runs", start);
  engine_.node = "";
  add_attempt(json_text(owned.json, "id"));
  EXPECT_EQ(ask(Method::get, "/api/runs/" + json_text(owned.json, "id")).status, 200);
  ask(Method::get, "/api/runs?limit=2&status=queued&plan_id=");
  EXPECT_EQ(ask(Method::get, "/api/runs/" + id).status, 200);
  const Answer logs = ask(Method::get, "/api/execution-logs?limit=5");
  EXPECT_EQ(find(logs.json, "logs")->as_array().size(), 1u);
  EXPECT_EQ(ask(Method::post, "/api/runs/" + id + "/cancel").status, 200);
  ask(Method::post, "/api/runs/" + id + "/cancel");
}

void OpenApiTest::ask_about_people() {
  const std::string credentials = "/api/provider-credentials/chat";
  ask(Method::post, credentials, R"({"type":"api_key","value":"k12345678"})");
  ask(Method::get, credentials);
  ask(Method::get, "/api/provider-credentials");
  ask(Method::del, credentials + "/api_key?connection=default");
  ask(Method::post, credentials, R"({"credentials":{"api_key":"k12345678"}})");
  ask(Method::del, credentials + "?connection=default");
  const Answer key = ask(Method::post, "/api/keys",
                         R"({"name":"k","scopes":"read,run,write,credentials,admin,act-as"})");
  EXPECT_EQ(ask(Method::get, "/api/plans").status, 401);  // nobody is let in as they are any more
  token_ = json_text(key.json, "key");
  ask(Method::get, "/api/keys?limit=1");
  ask(Method::get, "/api/session");
  ask(Method::post, "/api/users", R"({"id":"local.bob","password":"correct horse battery"})");
  ask(Method::post, "/api/users", R"({"id":"bob"})");
  ask(Method::get, "/api/users?limit=5");
  ask(Method::get, "/api/plans?user_id=local.bob");
  ask(Method::get, "/api/plans?user_id=carol");
  ask(Method::put, "/api/users/local.bob",
      R"({"email":"bob@example.com","allowed_hosts":["a.test"]})");
  ask(Method::post, "/api/session", R"({"name":"local.bob","password":"correct horse battery"})");
  ask(Method::post, "/api/session", R"({"name":"local.bob","password":"wrong"})");
  ask(Method::del, "/api/users/local.bob");
  ask(Method::del, "/api/session");
  ask(Method::get, "/api/audit");
  ask(Method::del, "/api/keys/" + json_text(key.json, "id"));
}

TEST_F(OpenApiTest, AnswersAreAsItSays) {
  ask_about_the_server();
  ask_about_plans();
  ask_about_runs();
  ask_about_people();
  std::vector<std::string> never;
  for (const Route& route : router_.routes()) {
    if (!worked_.contains(route.id)) never.push_back(route.id);
  }
  // Tested where they can work: a stream, a key file, a browser's session, a provider that answers.
  EXPECT_THAT(never, testing::UnorderedElementsAre(
                         "run_events", "drop_key", "sign_out", "change_password", "test_connection",
                         "test_custom_integration", "oauth_start", "oauth_callback"));
}

}  // namespace
}  // namespace pilot::api::openapi
