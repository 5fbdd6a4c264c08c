// What test_api.h declares (no test of its own: a file of the test program).
#include "api/test_api.h"

#include <boost/asio/io_context.hpp>

#include "base/spawn.h"

namespace pilot::api {
namespace {

std::unique_ptr<store::Store> make_store(Log& log) {
  auto store = store::open_sqlite({.file = ":memory:", .readers = 1, .threads = false}, log);
  if (!store) throw std::runtime_error(store.error().message);
  return std::move(*store);
}

vault::KeyRing make_keys() {
  const auto random = make_seeded_random(1);
  const vault::FernetKey key = vault::FernetKey::generate(*random);
  return vault::KeyRing::parse(key.to_text().reveal()).value();
}

Result<http::Request> build_chat(const providers::Call& call) {
  http::Request request;
  request.method = "POST";
  request.url = "http://127.0.0.1:1/chat";
  request.headers.push_back(
      {"Authorization", "Bearer " + std::string(call.connection.value("api_key").value_or("none")),
       true});
  request.body = to_json(call.params);
  request.has_body = true;
  return request;
}

}  // namespace

void run_aside(awaitable<void> work) {
  boost::asio::io_context context;
  spawn(context.get_executor(), std::move(work));
  context.run();  // with what the work left behind
}

std::shared_ptr<const providers::Registry> make_test_registry() {
  auto registry = std::make_shared<providers::Registry>();
  auto& logic = registry->add({.name = "logic", .title = "Logic"});
  providers::Action set;
  set.name = "set";
  set.params = JsonObject{{"type", "object"}};
  set.effect = EffectClass::pure;
  set.body = providers::LogicAction{
      [](const providers::Call& call) { return ProviderResult::ok(call.params); }};
  logic.add(std::move(set));
  providers::Provider chat;
  chat.name = "chat";
  chat.title = "Chat";
  chat.aliases = {"gpt"};
  chat.auth = {{.type = "api_key", .title = "API key"}};
  providers::Action complete;
  complete.name = "complete";
  complete.params = *parse_json(R"({"type":"object","properties":{"prompt":{"type":"string"}},
                                    "required":["prompt"],"additionalProperties":false})");
  complete.body = providers::HttpAction{
      build_chat, [](const providers::Call&, const http::Response&) { return ProviderResult{}; }};
  registry->add(std::move(chat)).add(std::move(complete));
  return registry;
}

Run FakeEngine::make_run(const engine::StartRun& start) {
  Run run;
  run.user = start.user;
  run.id.text = fmt::format("018f0000-0000-7000-8000-{:012}", ++count_);
  if (!start.id.empty()) run.id = start.id;
  run.plan = start.plan;
  run.plan_version = start.plan_version;
  run.plan_name = start.compiled->plan.name;
  run.document = start.document;
  run.inputs = start.inputs;
  run.trigger = start.trigger.is_null() ? Json(JsonObject{{"type", "manual"}}) : start.trigger;
  run.created_at = clock_.now();
  run.node = node;
  run.total_steps = start.compiled->step_count;
  return run;
}

awaitable<Result<Run>> FakeEngine::enqueue(std::size_t, engine::StartRun start) {
  if (refuse) co_return *refuse;
  Run run = make_run(start);
  last = std::move(start);
  std::vector<store::JournalWrite> batch;
  batch.push_back(store::InsertRun{run});
  const auto written = co_await store_.write(std::move(batch));
  if (!written) co_return written.error();
  co_return run;
}

awaitable<Result<engine::Executed>> FakeEngine::execute(std::size_t shard, engine::StartRun start,
                                                        Millis wait) {
  last_wait = wait;
  const auto compiled = start.compiled;
  Result<Run> run = co_await enqueue(shard, std::move(start));
  if (!run) co_return run.error();
  engine::Executed out;
  out.run = *run;
  out.run.state = outcome;
  if (!is_terminal(outcome)) co_return out;
  for (const plan::CompiledStep& step : compiled->root.steps) {
    engine::StepSummary summary;
    summary.number = summary.position = step.position;
    summary.id = step.spec.id;
    summary.provider = step.provider->name;
    summary.action = step.action->name;
    summary.attempts = 1;
    summary.status = outcome == RunState::success ? "success" : "error";
    summary.message = "done";
    if (outcome == RunState::success) {
      summary.output = step.spec.params;
    } else {
      summary.error = step_error;
    }
    out.steps.push_back(std::move(summary));
  }
  co_return out;
}

awaitable<Result<Run>> FakeEngine::cancel(std::size_t, UserId user, RunId run) {
  const auto done = co_await store_.cancel_idle_run(user, run, clock_.now());
  if (!done) co_return done.error();
  co_return co_await store_.find_run(user, run);
}

// Of a test without a vendor.
class NoNetwork final : public http::Transport {
 public:
  awaitable<http::Answer> send(http::Request, CancelToken) override {
    throw std::logic_error("a test without a vendor calls one");
  }
  awaitable<http::Answer> send_mail(http::Mail, CancelToken) override {
    throw std::logic_error("a test without a vendor sends a mail");
  }
};

ApiTest::ApiTest() : store_(make_store(log_)), keys_(make_keys()), engine_(*store_, clock_) {
  services_.reset(new Services{.store = *store_,
                               .engine = engine_,
                               .registry = make_test_registry(),
                               .keys = keys_,
                               .clock = clock_,
                               .log = log_,
                               .random = {},
                               .version = "1.2.3",
                               .identity = {.password_threads = 0}});
  services_->random.push_back(make_seeded_random(7));
  no_network_ = std::make_unique<NoNetwork>();
  use_oauth(services_->registry, {}, *no_network_);
  register_routes(router_, *services_);
}

void ApiTest::use_oauth(std::shared_ptr<const providers::Registry> registry,
                        providers::OAuthClients clients, http::Transport& transport) {
  oauth_ = std::make_unique<engine::OAuthConnect>(engine::OAuthConnect::Parts{
      .store = *store_,
      .keys = keys_,
      .transport = transport,
      .clock = clock_,
      .registry = std::move(registry),
      .clients = std::make_shared<const providers::OAuthClients>(std::move(clients))});
  services_->oauth = oauth_.get();
}

Answer ApiTest::call(Method method, std::string_view target, std::string body) {
  Request request;
  request.method = method;
  if (Status parsed = parse_target(target, request); !parsed) ADD_FAILURE() << target;
  request.headers = {{"Host", "localhost"}};
  if (!body.empty()) request.headers.push_back({"Content-Type", "application/json"});
  request.has_body = !body.empty();
  request.body = std::move(body);
  Answer out;
  out.response = run_sync(router_.handle(request));
  out.status = out.response.status;
  out.body = out.response.body;
  if (Result<Json> json = parse_json(out.body)) out.json = *json;
  return out;
}

std::string ApiTest::new_plan(std::string body) {
  const Answer made = post("/api/plans", std::move(body));
  EXPECT_EQ(made.status, 201) << made.body;
  return json_text(made.json, "id");
}

}  // namespace pilot::api
