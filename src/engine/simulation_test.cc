// A crash at every store call, and seeded bad luck: whatever happens, each accepted run ends, a
// recorded step is never done again, all sends of one logical call carry one key, and an effect is
// sent more than once only if a fault overlapped it (promises.md, I1 to I7).
#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/world_for_test.h"

namespace pilot::engine {
namespace {

using http::ScriptedTransport;

// GET -> set -> keyed effect -> foreach with effects -> durable wait -> idempotent effect.
constexpr std::string_view kPlan = R"({"name":"w","steps":[
  {"id":"read","provider":"http","action":"get","params":{"url":"https://p.test/read"}},
  {"id":"shape","provider":"logic","action":"set","params":{"n":"${steps.read.output.status}"}},
  {"id":"tell","provider":"webhook","action":"send",
   "params":{"url":"https://p.test/tell","payload":{"n":"${steps.shape.output.n}"}}},
  {"id":"each","foreach":[1,2,3],"concurrency":2,"steps":[
    {"id":"item","provider":"webhook","action":"send",
     "params":{"url":"https://p.test/item-${item}","payload":{}}},
    {"id":"note","provider":"logic","action":"set","params":{"i":"${index}"}}]},
  {"id":"rest","provider":"logic","action":"wait","params":{"seconds":10}},
  {"id":"put","provider":"http","action":"request",
   "params":{"method":"PUT","url":"https://p.test/put","json":{}}}]})";

// What the other side saw, by logical call.
struct Seen {
  std::set<std::string> keys;
  int sends = 0;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : world(seed) {
    world.answer = [this](const http::Request& request) { return receive(request); };
    world.boot();
    EXPECT_TRUE(world.start());
  }

  // Starts a run; when the process is still there at its accept, the run counts as accepted.
  void start() {
    const auto run = world.try_run(world.engine().enqueue(0, world.start_of(kPlan)));
    if (run && *run) accepted.push_back((**run).id);
  }
  void reboot() {
    world.boot();
    EXPECT_TRUE(world.start());
  }
  void finish_and_check(const std::string& context) {
    for (const RunId& id : accepted) {
      EXPECT_TRUE(world.until(id, RunState::success))
          << context << ": " << id.text << " "
          << to_string(world.find(id) ? world.find(id)->state : RunState::queued) << " "
          << world.story(id);
      check_rows(id, context);
    }
    EXPECT_EQ(repeated, 0) << context << ": a recorded step was done again";
  }

  World world;
  std::vector<RunId> accepted;
  std::map<std::string, Seen> seen;  // by run and step
  int repeated = 0;
  std::function<std::optional<http::Answer>(const http::Request&)> bad_luck;

 private:
  http::Answer receive(const http::Request& request) {
    if (request.url == "https://p.test/read") {
      return ScriptedTransport::reply(200, R"({"a":1})");
    }
    // The webhook-id is the key of the call; PUT has none and is idempotent by its method.
    std::string key = "put";
    for (const auto& header : request.headers) {
      if (header.name == "webhook-id") key = header.value;
    }
    for (const auto& id : accepted) note_repeats(id, request.url, key);
    Seen& entry = seen[request.url + (key == "put" ? "" : " " + key)];
    entry.keys.insert(key);
    ++entry.sends;
    if (bad_luck) {
      if (auto answer = bad_luck(request)) return *answer;
    }
    return ScriptedTransport::reply(200, "{}");
  }

  // A call whose success stands in the journal must not be seen again.
  void note_repeats(const RunId& id, const std::string& url, const std::string& key) {
    for (const Attempt& row : world.attempts(id)) {
      if (row.status == AttemptStatus::success && !row.idempotency_key.empty() &&
          key == "msg_" + row.idempotency_key && url.find("p.test") != std::string::npos) {
        ++repeated;
      }
    }
  }

  void check_rows(const RunId& id, const std::string& context) {
    std::int64_t seq = 0;
    std::map<std::string, int> successes;
    std::map<std::string, std::set<std::string>> keys;
    for (const Attempt& row : world.attempts(id)) {
      EXPECT_EQ(row.seq, ++seq) << context;
      EXPECT_NE(row.status, AttemptStatus::running) << context << " " << row.step_id;
      const std::string cell = row.step_id + "[" + row.item_path + "]";
      if (row.status == AttemptStatus::success) ++successes[cell];
      if (!row.idempotency_key.empty()) keys[cell].insert(row.idempotency_key);
    }
    EXPECT_EQ(successes.size(), 12u) << context << " " << world.story(id);
    for (const auto& [cell, count] : successes) EXPECT_EQ(count, 1) << context << " " << cell;
    for (const auto& [cell, all] : keys) EXPECT_EQ(all.size(), 1u) << context << " " << cell;
  }
};

TEST(SimulationTest, WithoutFaultsEachEffectIsSentOnce) {
  Simulation sim(1);
  sim.start();
  sim.start();
  sim.finish_and_check("no fault");
  EXPECT_EQ(sim.seen.size(), 9u);
  for (const auto& [url, entry] : sim.seen) {
    EXPECT_EQ(entry.sends, url == "https://p.test/put" ? 2 : 1) << url;
  }
}

// How many store calls the whole thing takes without a fault.
std::int64_t calls_without_fault() {
  Simulation sim(2);
  const std::int64_t before = sim.world.process().store.calls();
  sim.start();
  sim.finish_and_check("counting");
  return sim.world.process().store.calls() - before;
}

TEST(SimulationTest, CrashAtEveryStoreCall) {
  const std::int64_t calls = calls_without_fault();
  ASSERT_GT(calls, 5);
  for (const auto when : {store::FaultyStore::Before, store::FaultyStore::After}) {
    for (std::int64_t n = 1; n <= calls; ++n) {
      const std::string context =
          fmt::format("crash {} call {} of {}",
                      when == store::FaultyStore::Before ? "before" : "after", n, calls);
      Simulation sim(2);
      sim.world.process().store.crash_at(sim.world.process().store.calls() + n, when);
      sim.start();
      for (int turns = 0; !sim.world.process().store.crashed() && turns < 10'000; ++turns) {
        if (!sim.world.turn()) break;
      }
      sim.reboot();
      sim.finish_and_check(context);
      // One fault overlaps at most the calls under way: two of the foreach.
      for (const auto& [url, entry] : sim.seen) EXPECT_LE(entry.sends, 2) << context << " " << url;
    }
  }
}

TEST(SimulationTest, AFailingStoreCallLosesNothing) {
  const std::int64_t calls = calls_without_fault();
  for (const auto when : {store::FaultyStore::Before, store::FaultyStore::After}) {
    for (std::int64_t n = 1; n <= calls; ++n) {
      Simulation sim(3);
      sim.world.process().store.fail_at(sim.world.process().store.calls() + n, when);
      sim.start();
      sim.finish_and_check(fmt::format("failure {} {}", static_cast<int>(when), n));
    }
  }
}

TEST(SimulationTest, SeededBadLuck) {
  const char* given = std::getenv("PILOT_SEED");
  const std::uint64_t first = given != nullptr ? std::strtoull(given, nullptr, 10) : 1'000;
  const std::uint64_t count = given != nullptr ? 1 : 150;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Simulation sim(seed);
    const auto luck = make_seeded_random(seed);
    sim.bad_luck = [&](const http::Request&) -> std::optional<http::Answer> {
      const double dice = luck->unit();
      if (dice < 0.10) return ScriptedTransport::reply(503);
      if (dice < 0.15) return ScriptedTransport::failure("connection_lost", true, true);
      if (dice < 0.20) return ScriptedTransport::failure("connect_failed", false, true);
      return std::nullopt;
    };
    const std::string context = fmt::format("PILOT_SEED={}", seed);
    for (int boot = 0; boot < 6; ++boot) {
      sim.start();
      if (luck->unit() < 0.7) {
        auto& store = sim.world.process().store;
        const auto at = static_cast<std::int64_t>(luck->unit() * 25) + 1;
        store.crash_at(store.calls() + at,
                       luck->unit() < 0.5 ? store::FaultyStore::Before : store::FaultyStore::After);
        for (int turns = 0; !store.crashed() && turns < 2'000; ++turns) {
          if (!sim.world.turn()) break;
        }
      }
      sim.reboot();
    }
    for (const RunId& id : sim.accepted) {
      // A run may end as error (three tries are few in so much bad luck), but it ends.
      for (int turns = 0; turns < 200'000 && !is_terminal(sim.world.find(id)->state); ++turns) {
        if (!sim.world.turn()) break;
      }
      EXPECT_TRUE(is_terminal(sim.world.find(id)->state)) << context << " " << sim.world.story(id);
    }
    EXPECT_EQ(sim.repeated, 0) << context;
    if (testing::Test::HasFailure()) break;
  }
}

}  // namespace
}  // namespace pilot::engine
