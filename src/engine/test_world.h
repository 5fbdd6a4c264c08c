// A world for engine tests: a fake clock, a scripted network, a real SQLite store in memory behind
// faults, and "processes" (engines) in it that can crash and be followed by others. One thread.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/fake_clock.h"
#include "base/log.h"
#include "engine/engine.h"
#include "http/scripted_transport.h"
#include "store/faulty_store.h"

namespace pilot::engine {

// One process: everything that dies in a crash.
struct Process {
  Process(FakeClock& clock, store::Store& disk, http::ScriptedTransport::Handler handler,
          const vault::KeyHolder& keys, std::shared_ptr<const providers::Registry> registry,
          Log& log, std::uint64_t seed, EngineOptions options)
      : store(disk), transport(std::move(handler)) {
    shards.push_back(
        {.executor = io.get_executor(), .timers = &clock, .random = make_seeded_random(seed)});
    engine = make_engine(std::move(options), {.store = store,
                                              .transport = transport,
                                              .keys = keys,
                                              .registry = std::move(registry),
                                              .clock = clock,
                                              .log = log,
                                              .shards = shards});
  }
  boost::asio::io_context io;
  store::FaultyStore store;
  http::ScriptedTransport transport;
  std::vector<ShardContext> shards;
  std::unique_ptr<Engine> engine;
};

class World {
 public:
  // `more` adds providers beside the native ones.
  explicit World(std::uint64_t seed = 1, const std::function<void(providers::Registry&)>& more = {})
      : seed_(seed), random_(make_seeded_random(seed)), keys_(make_keys(*random_)) {
    auto opened = store::open_sqlite({.file = ":memory:", .threads = false}, log_);
    disk_ = std::move(*opened);
    auto registry = std::make_shared<providers::Registry>();
    providers::register_native_providers(*registry);
    if (more) more(*registry);
    registry_ = registry;
    answer = [](const http::Request&) { return http::ScriptedTransport::reply(200, "{}"); };
  }

  // A new process takes over; the one before is gone with its timers, as after kill -9.
  void boot(EngineOptions options = {}) {
    clock.drop_timers();  // coroutines that wait for one end while their io_context is there
    process_.reset();
    clock.drop_timers();
    if (options.node.empty()) options.node = "node-" + std::to_string(++boots_);
    process_ = std::make_unique<Process>(
        clock, *disk_, [this](const http::Request& request) { return answer(request); }, keys_,
        registry_, log_, seed_ + static_cast<std::uint64_t>(boots_), std::move(options));
  }
  Status start() { return run(process_->engine->start()); }

  std::shared_ptr<const plan::CompiledPlan> compile(std::string_view text) {
    plan::CompileOutcome outcome = plan::compile_plan(*parse_json(text), registry_);
    if (!outcome.plan) throw std::logic_error(plan::to_error(outcome.problems).message);
    return outcome.plan;
  }
  StartRun start_of(std::string_view text, Json inputs = JsonObject{}) {
    StartRun start;
    start.user = user;
    start.document = *parse_json(text);
    start.compiled = compile(text);
    start.inputs = std::move(inputs);
    return start;
  }
  Result<Executed> execute(std::string_view text, Json inputs = JsonObject{},
                           Millis wait = Millis{3'600'000}) {
    return run(process_->engine->execute(0, start_of(text, std::move(inputs)), wait));
  }
  Result<Run> enqueue(std::string_view text) {
    return run(process_->engine->enqueue(0, start_of(text)));
  }

  // Drives the world (moving the clock to the next timer when nothing else happens) until the work
  // is done. A process that has crashed answers nothing: then none.
  template <class T>
  std::optional<T> try_run(boost::asio::awaitable<T> work) {
    auto slot = std::make_shared<std::optional<T>>();
    boost::asio::co_spawn(process_->io, fill(std::move(work), slot),
                          [](const std::exception_ptr& error) {
                            if (error) std::rethrow_exception(error);
                          });
    for (int turns = 0; !*slot; ++turns) {
      if (turns > 2'000'000) throw std::logic_error("the world does not come to rest");
      if (!turn()) break;
      if (process_->store.crashed()) break;
    }
    return *slot;
  }
  template <class T>
  T run(boost::asio::awaitable<T> work) {
    std::optional<T> result = try_run(std::move(work));
    if (!result) throw std::logic_error("nothing left to happen, and no result");
    return std::move(*result);
  }

  // One turn: what is ready, or else the next timer. False when there is neither.
  bool turn() {
    process_->io.restart();
    if (process_->io.poll() > 0) return true;
    if (!clock.has_timers()) return false;
    const auto wait = clock.next_due() - clock.steady();
    clock.advance(
        std::chrono::ceil<std::chrono::microseconds>(std::max(wait, decltype(wait)::zero())));
    return true;
  }
  // What is ready now, without moving the clock.
  void poll() {
    for (;;) {
      process_->io.restart();
      if (process_->io.poll() == 0) return;
    }
  }
  // Moves on by that much, doing what falls due.
  void pass(std::chrono::microseconds time) {
    const SteadyTime end = clock.steady() + time;
    for (poll(); clock.has_timers() && clock.next_due() <= end; poll()) turn();
    clock.advance(std::chrono::duration_cast<std::chrono::microseconds>(end - clock.steady()));
    poll();
  }
  // Until the run is in the state; false when the world comes to rest before, or after `most`
  // turns.
  bool until(const RunId& id, RunState state, int most = 200'000) {
    for (int i = 0; i < most; ++i) {
      const auto row = find(id);
      if (row && row->state == state) return true;
      if (process_->store.crashed() || !turn()) return false;
    }
    return false;
  }

  std::optional<Run> find(const RunId& id) {
    auto row = direct(disk_->find_run(user, id));
    return row ? std::optional(*row) : std::nullopt;
  }
  std::vector<Attempt> attempts(const RunId& id) {
    return *direct(disk_->run_attempts(user, id, 0));
  }
  // The attempts' rows as text, "a:success b:retrying b:success", in order.
  std::string story(const RunId& id) {
    std::string out;
    for (const Attempt& row : attempts(id)) {
      out += (out.empty() ? "" : " ") + row.step_id +
             (row.item_path.empty() ? "" : "[" + row.item_path + "]") + ":" +
             std::string(to_string(row.status));
    }
    return out;
  }

  // Past the fault layer, on an io_context of its own.
  template <class T>
  T direct(boost::asio::awaitable<T> work) {
    boost::asio::io_context io;
    auto slot = std::make_shared<std::optional<T>>();
    boost::asio::co_spawn(io, fill(std::move(work), slot), [](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
    });
    io.run();
    return std::move(slot->value());
  }

  // A value of the user's connection, sealed, as the API stores it.
  Status put_credential(const std::string& provider, const std::string& type,
                        const std::string& value, const std::string& connection = "default") {
    const vault::Sealed sealed = keys_.ring()->seal(value, clock.now(), *random_);
    store::SealedCredential row;
    row.user = user;
    row.provider = provider;
    row.connection = connection;
    row.type = type;
    row.encrypted_value = sealed.token;
    row.key_id = sealed.key_id;
    row.created_at = row.updated_at = clock.now();
    return run(process_->store.put_credential(row));
  }

  Process& process() { return *process_; }
  Engine& engine() { return *process_->engine; }
  store::Store& disk() { return *disk_; }
  Random& random() { return *random_; }
  const vault::KeyHolder& keys() const { return keys_; }
  const std::shared_ptr<const providers::Registry>& registry() const { return registry_; }

  FakeClock clock;
  UserId user{"ada"};
  http::ScriptedTransport::Handler answer;

 private:
  static vault::KeyRing make_keys(Random& random) {
    const Secret key = vault::FernetKey::generate(random).to_text();
    return *vault::KeyRing::parse(key.reveal());
  }
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
