#include "api/idempotency.h"

#include <gmock/gmock.h>

#include "api/test_api.h"
#include "base/crypto.h"
#include "store/faulty_store_for_test.h"

namespace pilot::api {
namespace {

using namespace std::chrono_literals;
using store::FaultyStore;

constexpr std::string_view kPlan =
    R"({"plan":{"steps":[{"provider":"logic","action":"set","params":{"x":1}}]}})";

TEST(IdempotencyKey, QuotesAreTakenOff) {
  EXPECT_EQ(*parse_idempotency_key("abc"), "abc");
  EXPECT_EQ(*parse_idempotency_key("\"abc\""), "abc");
  EXPECT_EQ(*parse_idempotency_key(R"("a\"b\\c")"), R"(a"b\c)");
  EXPECT_EQ(*parse_idempotency_key("a\"b"), "a\"b");
  EXPECT_EQ(parse_idempotency_key(std::string(255, 'x'))->size(), 255u);
  for (const std::string& bad :
       {std::string(), std::string("\"\""), std::string("\""), std::string("\"abc"),
        std::string("\"a\"b\""), std::string(R"("a\n")"), std::string(R"("a\")"),
        std::string("a b"), std::string("\"a b\""), std::string("a\tb"), std::string("\xc3\xa9"),
        std::string("\x7f"), std::string(256, 'x')}) {
    const auto key = parse_idempotency_key(bad);
    ASSERT_FALSE(key) << bad;
    EXPECT_EQ(key.error().code, "invalid_header");
  }
}

Request make_request(std::string_view target, std::string body, Method method = Method::post) {
  Request request;
  request.method = method;
  EXPECT_TRUE(parse_target(target, request));
  request.body = std::move(body);
  return request;
}

TEST(IdempotencyHash, IsOfWhatTheRequestDoes) {
  const auto hash = [](std::string_view target, std::string body = "{}",
                       Method method = Method::post) {
    return idempotency_hash(make_request(target, std::move(body), method));
  };
  EXPECT_EQ(hash("/api/execute?wait=1"), hash("/api/execute?wait=60"));
  std::set<std::string> all{hash("/a/b"),     hash("/a/b", "{} "), hash("/a/b", "{}", Method::put),
                            hash("/a%2Fb"),   hash("/ab"),         hash("/a/b?c=d"),
                            hash("/a/b?c=e"), hash("/a/b?cd="),    hash("/a/b/c/d")};
  EXPECT_EQ(all.size(), 9u);
}

// Pilot's routes once more, as another process over another store has them.
struct Process {
  Process(const Services& like, store::Store& store, Clock& clock, std::string node,
          bool only_process = true)
      : engine(store, clock) {
    services.reset(new Services{.store = store,
                                .engine = engine,
                                .registry = like.registry,
                                .keys = like.keys,
                                .clock = clock,
                                .log = like.log,
                                .random = {},
                                .version = "1.2.3"});
    services->random.push_back(make_seeded_random(crypto::sha256(node)[0]));
    services->idempotency.node = std::move(node);
    services->idempotency.only_process = only_process;
    register_routes(router, *services);
  }
  FakeEngine engine;
  std::unique_ptr<Services> services;
  Router router;
};

class IdempotencyTest : public ApiTest {
 protected:
  Answer send(const Router& router, std::string_view target, std::string body,
              std::vector<HeaderView> headers, Method method = Method::post) {
    Request request = make_request(target, std::move(body), method);
    request.headers = std::move(headers);
    request.headers.push_back({"Host", "localhost"});
    request.has_body = !request.body.empty();
    if (request.has_body) request.headers.push_back({"Content-Type", "application/json"});
    Answer out;
    out.response = run_sync(router.handle(request));
    out.status = out.response.status;
    out.body = out.response.body;
    if (Result<Json> json = parse_json(out.body)) out.json = *json;
    return out;
  }
  // So that what the guard asks the store is not among the calls that are counted.
  void warm_up(const Process& process) { send(process.router, "/api/runs", "", {}, Method::get); }
  Answer keyed(std::string_view target, std::string_view body, std::string_view key = "k1") {
    return send(router_, target, std::string(body), {{"Idempotency-Key", key}});
  }
  static bool replayed(const Answer& answer) {
    return header_of(answer.response, "Idempotent-Replayed") == "true";
  }
  std::vector<std::string> runs() {
    const auto page = run_sync(store_->list_runs({"local"}, {}, {.limit = 500, .cursor = {}}));
    std::vector<std::string> ids;
    for (const auto& run : page->items) ids.push_back(run.id.text);
    return ids;
  }
};

TEST_F(IdempotencyTest, TheSameRequestIsDoneOnce) {
  const Answer first = keyed("/api/runs", kPlan);
  EXPECT_EQ(first.status, 202) << first.body;
  EXPECT_FALSE(replayed(first));
  const Answer second = keyed("/api/runs", kPlan, "\"k1\"");
  EXPECT_EQ(second.status, 202);
  EXPECT_TRUE(replayed(second));
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(second.response.content_type, first.response.content_type);
  EXPECT_EQ(header_of(second.response, "Location"), header_of(first.response, "Location"));
  EXPECT_THAT(runs(), testing::ElementsAre(json_text(first.json, "id")));
  keyed("/api/runs", kPlan, "k2");
  EXPECT_EQ(runs().size(), 2u);
}

TEST_F(IdempotencyTest, AnotherRequestWithTheKeyIsRefused) {
  keyed("/api/runs", kPlan);
  const Answer other = keyed("/api/runs", R"({"plan":[]})");
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(json_text(other.json, "code"), "idempotency_mismatch");
  // Keys belong to a route.
  EXPECT_FALSE(replayed(keyed("/api/execute", kPlan)));
}

TEST_F(IdempotencyTest, MalformedKeysAreRefused) {
  for (const std::string_view key : {"", "a b", "\"a", "\xff"}) {
    const Answer answer = keyed("/api/runs", kPlan, key);
    EXPECT_EQ(answer.status, 400) << key;
    EXPECT_EQ(json_text(answer.json, "code"), "invalid_header");
  }
  const Answer twice = send(router_, "/api/runs", std::string(kPlan),
                            {{"Idempotency-Key", "a"}, {"idempotency-key", "a"}});
  EXPECT_EQ(twice.status, 400);
  EXPECT_THAT(runs(), testing::IsEmpty());
  // Reads have no use for one, and do not mind it.
  EXPECT_EQ(send(router_, "/api/runs", "", {{"Idempotency-Key", "a b"}}, Method::get).status, 200);
}

TEST_F(IdempotencyTest, EveryWriteHasIt) {
  const std::string body = R"({"name":"p","steps":[{"provider":"logic","action":"set"}]})";
  const Answer made = keyed("/api/plans", body);
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(keyed("/api/plans", body).body, made.body);
  EXPECT_EQ(find(get("/api/plans").json, "plans")->as_array().size(), 1u);
  const std::string path = "/api/plans/" + json_text(made.json, "id");
  const auto removed = [&] {
    return send(router_, path, "", {{"Idempotency-Key", "k1"}}, Method::del);
  };
  EXPECT_EQ(removed().status, 200);
  EXPECT_TRUE(replayed(removed()));
  EXPECT_EQ(call(Method::del, path).status, 404);
}

TEST_F(IdempotencyTest, AnAnswerOf400IsKeptOneOf500IsNot) {
  const Answer wrong = keyed("/api/runs", R"({"plan":{"steps":[{"provider":"nix"}]}})");
  EXPECT_EQ(wrong.status, 422);
  EXPECT_TRUE(replayed(keyed("/api/runs", R"({"plan":{"steps":[{"provider":"nix"}]}})")));

  engine_.refuse = unavailable("overloaded", "too many");
  EXPECT_EQ(keyed("/api/runs", kPlan, "k2").status, 503);
  engine_.refuse.reset();
  const Answer again = keyed("/api/runs", kPlan, "k2");
  EXPECT_EQ(again.status, 202);
  EXPECT_FALSE(replayed(again));
  EXPECT_TRUE(replayed(keyed("/api/runs", kPlan, "k2")));
}

awaitable<Response> throwing(Request&) {
  throw std::runtime_error("a bug");
  co_return Response{};
}
awaitable<Response> new_key(Request&) {
  Response response = json_response(JsonObject{{"key", "canary-secret"}}, 201);
  response.shown_once = true;
  co_return response;
}
awaitable<Response> done() { co_return json_response(JsonObject{}); }
awaitable<Response> large(Request&) {
  Response response = text_response(std::string((1u << 20) + 1, 'x'));
  response.headers.emplace_back("Location", "/api/runs/r");
  co_return response;
}

TEST_F(IdempotencyTest, AHandlerThatThrowsLeavesTheKeyFree) {
  router_.add({Method::post, "/throwing", Scope::write, "throwing", ""}, throwing);
  EXPECT_THROW(keyed("/throwing", "{}"), std::runtime_error);
  EXPECT_THROW(keyed("/throwing", "{}"), std::runtime_error);
}

TEST_F(IdempotencyTest, WhatIsShownOnceOrLargeIsNotKept) {
  router_.add({Method::post, "/new_key", Scope::write, "new_key", ""}, new_key);
  router_.add({Method::post, "/large", Scope::write, "large", ""}, large);
  EXPECT_EQ(keyed("/new_key", "{}").status, 201);
  const Answer again = keyed("/new_key", "{}");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(json_text(again.json, "code"), "answer_not_kept");
  EXPECT_TRUE(replayed(again));
  EXPECT_EQ(again.body.find("canary"), std::string::npos);
  EXPECT_EQ(keyed("/large", "{}").status, 200);
  const Answer short_one = keyed("/large", "{}");
  EXPECT_EQ(json_text(short_one.json, "code"), "answer_not_kept");
  EXPECT_EQ(header_of(short_one.response, "Location"), "/api/runs/r");
}

TEST_F(IdempotencyTest, ADayLaterItIsANewRequest) {
  keyed("/api/runs", kPlan);
  clock_.advance(23h + 59min);
  EXPECT_TRUE(replayed(keyed("/api/runs", kPlan)));
  clock_.advance(2min);
  EXPECT_FALSE(replayed(keyed("/api/runs", kPlan)));
  EXPECT_EQ(runs().size(), 2u);
}

TEST_F(IdempotencyTest, OldKeysAreRemovedByTheWay) {
  for (int i = 0; i < 3; ++i) keyed("/api/runs", kPlan, std::to_string(i));
  clock_.advance(25h);
  keyed("/api/runs", kPlan, "new");
  EXPECT_EQ(*run_sync(store_->purge_idempotency(clock_.now() - 24h, 100)), 0);
  EXPECT_EQ(*run_sync(store_->purge_idempotency(clock_.now() + 1h, 100)), 1);
}

// I9: the process dies at any call of the store, before or after it took effect; the client asks
// again. One run, and the client hears of it.
TEST_F(IdempotencyTest, ACrashAnywhereMakesOneRun) {
  for (const std::string_view path : {"/api/runs", "/api/execute", "/api/execute-step"}) {
    const std::string body = path == "/api/execute-step"
                                 ? R"({"provider":"logic","action":"set","params":{"x":1}})"
                                 : std::string(kPlan);
    for (int call = 1; call <= 3; ++call) {  // claim, run, answer
      for (const auto when : {FaultyStore::Before, FaultyStore::After}) {
        const std::string name = fmt::format("{} {} {}", path, call, static_cast<int>(when));
        SCOPED_TRACE(name);
        clock_.advance(1s);  // so that the newest run is the one of this turn
        const std::string key = crypto::hex(crypto::sha256(name));
        const std::size_t before = runs().size();
        FaultyStore faulty(*store_);
        Process first(*services_, faulty, clock_, "node-1" + name);
        warm_up(first);
        faulty.crash_at(faulty.calls() + call, when);
        send(first.router, path, body, {{"Idempotency-Key", key}});
        ASSERT_TRUE(faulty.crashed());

        Process second(*services_, *store_, clock_, "node-2" + name);
        const Answer answer = send(second.router, path, body, {{"Idempotency-Key", key}});
        EXPECT_TRUE(answer.status == 200 || answer.status == 202) << answer.body;
        ASSERT_EQ(runs().size(), before + 1);
        const Answer again = send(second.router, path, body, {{"Idempotency-Key", key}});
        EXPECT_TRUE(replayed(again));
        EXPECT_EQ(again.body, answer.body);
        EXPECT_EQ(json_text(answer.json, "run_id"), runs().front());
        EXPECT_EQ(runs().size(), before + 1);
      }
    }
  }
}

TEST_F(IdempotencyTest, OneOfSeveralNodesWaitsBeforeItTakesOver) {
  FaultyStore faulty(*store_);
  Process first(*services_, faulty, clock_, "node-1", false);
  warm_up(first);
  faulty.crash_at(faulty.calls() + 2,
                  FaultyStore::Before);  // the key is claimed, the run is not made
  send(first.router, "/api/runs", std::string(kPlan), {{"Idempotency-Key", "k"}});
  Process second(*services_, *store_, clock_, "node-2", false);
  const auto ask = [&] {
    return send(second.router, "/api/runs", std::string(kPlan), {{"Idempotency-Key", "k"}});
  };
  const Answer early = ask();
  EXPECT_EQ(early.status, 409);
  EXPECT_EQ(json_text(early.json, "code"), "idempotency_in_progress");
  EXPECT_EQ(header_of(early.response, "Retry-After"), "1");
  clock_.advance(2min + 1s);
  EXPECT_EQ(ask().status, 202);
  EXPECT_TRUE(replayed(ask()));
  EXPECT_EQ(runs().size(), 1u);
}

TEST_F(IdempotencyTest, ARunThatIsThereIsTheAnswerOnEveryNode) {
  FaultyStore faulty(*store_);
  Process first(*services_, faulty, clock_, "node-1", false);
  warm_up(first);
  faulty.crash_at(faulty.calls() + 2, FaultyStore::After);  // made, but nobody heard of it
  send(first.router, "/api/runs", std::string(kPlan), {{"Idempotency-Key", "k"}});
  ASSERT_EQ(runs().size(), 1u);
  Process second(*services_, *store_, clock_, "node-2", false);
  const Answer answer =
      send(second.router, "/api/runs", std::string(kPlan), {{"Idempotency-Key", "k"}});
  EXPECT_EQ(answer.status, 202);
  EXPECT_TRUE(replayed(answer));
  EXPECT_EQ(json_text(answer.json, "id"), runs().front());
  EXPECT_EQ(header_of(answer.response, "Location"), "/api/runs/" + runs().front());
}

// Two at once: while the first handler waits, the second request is told to.
TEST_F(IdempotencyTest, AtTheSameTimeOnlyOneDoesIt) {
  int calls = 0;
  Answer inner;
  router_.add({Method::post, "/nested", Scope::write, "nested", ""}, [&](Request&) {
    if (++calls == 1) inner = keyed("/nested", "{}");
    return done();
  });
  EXPECT_EQ(keyed("/nested", "{}").status, 200);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(inner.status, 409);
  EXPECT_EQ(json_text(inner.json, "code"), "idempotency_in_progress");
  EXPECT_TRUE(replayed(keyed("/nested", "{}")));
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace pilot::api
