// A world for engine tests: a fake clock, a scripted network, a real SQLite store in memory behind
// faults, and "processes" (engines) in it that can crash and be followed by others. One thread.
#pragma once

#include "base/fake_clock.h"
#include "base/log.h"
#include "base/run_here.h"
#include "engine/engine.h"
#include "http/scripted_transport_for_test.h"
#include "store/faulty_store_for_test.h"

namespace pilot::engine {

// One process: everything that dies in a crash.
struct Process {
  Process(FakeClock& clock, store::Store& disk, http::ScriptedTransport::Handler handler,
          const vault::KeyHolder& keys, std::shared_ptr<const providers::Registry> registry,
          Log& log, std::uint64_t seed, EngineOptions options);
  ~Process();

  std::unique_ptr<boost::asio::io_context> io;
  store::FaultyStore store;
  http::ScriptedTransport transport;
  std::vector<ShardContext> shards;
  std::unique_ptr<Engine> engine;
};

class World {
 public:
  // `more` adds providers beside the native ones.
  explicit World(std::uint64_t seed = 1,
                 const std::function<void(providers::Registry&)>& more = {});

  // A new process takes over; the one before is gone with its timers, as after kill -9.
  void boot(EngineOptions options = {});
  Status start() { return run(process_->engine->start()); }

  std::shared_ptr<const plan::CompiledPlan> compile(std::string_view text);
  StartRun start_of(std::string_view text, Json inputs = JsonObject{});
  Result<Executed> execute(std::string_view text, Json inputs = JsonObject{},
                           Millis wait = Millis{3'600'000});
  Result<Run> enqueue(std::string_view text);

  // Drives the world (moving the clock to the next timer when nothing else happens) until the work
  // is done. A process that has crashed answers nothing: then none.
  template <class T>
  std::optional<T> try_run(boost::asio::awaitable<T> work) {
    auto slot = std::make_shared<std::optional<T>>();
    drive(fill(std::move(work), slot), [slot] { return slot->has_value(); });
    return *slot;
  }
  template <class T>
  T run(boost::asio::awaitable<T> work) {
    std::optional<T> result = try_run(std::move(work));
    if (!result) throw std::logic_error("nothing left to happen, and no result");
    return std::move(*result);
  }

  // One turn: what is ready, or else the next timer. False when there is neither.
  bool turn();
  // What is ready now, without moving the clock.
  void poll();
  // Moves on by that much, doing what falls due.
  void pass(std::chrono::microseconds time);
  // Until the run is in the state; false when the world comes to rest before, or after `most`
  // turns.
  bool until(const RunId& id, RunState state, int most = 200'000);

  std::optional<Run> find(const RunId& id);
  std::vector<Attempt> attempts(const RunId& id);
  // The attempts' rows as text, "a:success b:retrying b:success", in order.
  std::string story(const RunId& id);

  // Past the fault layer, on an io_context of its own.
  template <class T>
  T direct(boost::asio::awaitable<T> work) {
    std::optional<T> slot;
    aside(keep_result(std::move(work), slot));
    return std::move(slot.value());
  }

  // A value of the user's connection, sealed, as the API stores it.
  Status put_credential(const std::string& provider, const std::string& type,
                        const std::string& value, const std::string& connection = "default");

  Process& process() { return *process_; }
  Engine& engine() { return *process_->engine; }
  store::Store& disk() { return *disk_; }
  Random& random() { return *random_; }
  const vault::KeyHolder& keys() const { return keys_; }
  const std::shared_ptr<const providers::Registry>& registry() const { return registry_; }

  FakeClock clock;
  UserId user{"ada"};
  bool keeps_grants = false;  // of the processes to come; a world that does never comes to rest
  http::ScriptedTransport::Handler answer;

 private:
  void drive(boost::asio::awaitable<void> work, const std::function<bool()>& done);
  static void aside(boost::asio::awaitable<void> work);
  template <class T>
  static boost::asio::awaitable<void> fill(boost::asio::awaitable<T> work,
                                           std::shared_ptr<std::optional<T>> slot) {
    slot->emplace(co_await std::move(work));
  }

  std::uint64_t seed_;
  Log log_{LogLevel::off};
  std::unique_ptr<Random> random_;
  vault::KeyHolder keys_;
  std::unique_ptr<store::Store> disk_;
  std::shared_ptr<const providers::Registry> registry_;
  std::unique_ptr<Process> process_;
  int boots_ = 0;
};

}  // namespace pilot::engine
