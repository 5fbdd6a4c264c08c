// For the api's tests: a fake engine, Pilot's routes over an in-memory store, calls without a
// socket.
#pragma once

#include <gtest/gtest.h>

#include "api/services.h"
#include "base/fake_clock.h"
#include "base/run_here.h"
#include "engine/oauth_connect.h"

namespace pilot::api {

void run_aside(awaitable<void> work);  // to its end, on a context of its own

template <class T>
T run_sync(awaitable<T> work) {
  std::optional<T> out;
  run_aside(keep_result(std::move(work), out));
  return std::move(out).value();
}

inline std::string header_of(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

inline std::string json_text(const Json& json, std::string_view key) {
  return std::string(string_or(json, key));
}

// Records what it was asked to start; runs go to the store as they are; answers as told.
class FakeEngine final : public engine::Engine {
 public:
  FakeEngine(store::Store& store, Clock& clock) : store_(store), clock_(clock) {}
  awaitable<Status> start() override { co_return ok(); }
  awaitable<void> stop(Millis) override { co_return; }
  awaitable<Result<Run>> enqueue(std::size_t, engine::StartRun start) override;
  awaitable<Result<engine::Executed>> execute(std::size_t, engine::StartRun start,
                                              Millis wait) override;
  awaitable<Result<Run>> cancel(std::size_t, UserId user, RunId run) override;
  void schedule_changed(std::optional<WallTime> next) override { next_due = next; }
  void runs_woken() override { ++woken; }
  engine::EventBus& events() override { return bus_; }
  engine::EngineLoad load() const override { return {1, 2, 3}; }

  Run make_run(const engine::StartRun& start);

  std::optional<engine::StartRun> last;
  Millis last_wait{0};
  std::optional<WallTime> next_due;      // of the schedule that was saved last
  std::optional<Error> refuse;           // what enqueue and execute answer
  RunState outcome = RunState::success;  // of execute
  Json step_error = JsonObject{{"code", "boom"}, {"message", "it broke"}};  // if that is error
  int woken = 0;
  std::string node;  // who owns the runs it makes; empty: nobody

 private:
  store::Store& store_;
  Clock& clock_;
  engine::EventBus bus_;
  int count_ = 0;
};

// "logic" (set: pure) and "chat" (complete: HTTP, api_key; also called "gpt").
std::shared_ptr<const providers::Registry> make_test_registry();

struct Answer {
  int status = 0;
  std::string body;
  Json json;
  Response response;
};

class ApiTest : public ::testing::Test {
 protected:
  ApiTest();

  Answer call(Method method, std::string_view target, std::string body = {});
  Answer get(std::string_view target) { return call(Method::get, target); }
  Answer post(std::string_view target, std::string body = {}) {
    return call(Method::post, target, std::move(body));
  }
  // Users connect to the providers of `registry` by OAuth; until it is called there is no vendor.
  void use_oauth(std::shared_ptr<const providers::Registry> registry,
                 providers::OAuthClients clients, http::Transport& transport);
  std::string new_plan(std::string body = R"({"name":"p","steps":[{"provider":"logic",
      "action":"set","params":{"x":1}}]})");

  Log log_{LogLevel::off};
  FakeClock clock_;
  std::unique_ptr<store::Store> store_;
  vault::KeyHolder keys_;
  FakeEngine engine_;
  std::unique_ptr<http::Transport> no_network_;
  std::unique_ptr<engine::OAuthConnect> oauth_;
  std::unique_ptr<Services> services_;
  Router router_;
};

}  // namespace pilot::api
