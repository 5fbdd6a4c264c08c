#include "engine/world_for_test.h"

#include <boost/asio/io_context.hpp>

#include "base/spawn.h"

namespace pilot::engine {
namespace {

vault::KeyRing make_keys(Random& random) {
  const Secret key = vault::FernetKey::generate(random).to_text();
  return *vault::KeyRing::parse(key.reveal());
}

}  // namespace

Process::Process(FakeClock& clock, store::Store& disk, http::ScriptedTransport::Handler handler,
                 const vault::KeyHolder& keys, std::shared_ptr<const providers::Registry> registry,
                 Log& log, std::uint64_t seed, EngineOptions options)
    : io(std::make_unique<boost::asio::io_context>()), store(disk), transport(std::move(handler)) {
  shards.push_back(
      {.executor = io->get_executor(), .timers = &clock, .random = make_seeded_random(seed)});
  engine = make_engine(std::move(options), {.store = store,
                                            .transport = transport,
                                            .keys = keys,
                                            .registry = std::move(registry),
                                            .clock = clock,
                                            .log = log,
                                            .shards = shards});
}

Process::~Process() = default;

World::World(std::uint64_t seed, const std::function<void(providers::Registry&)>& more)
    : seed_(seed), random_(make_seeded_random(seed)), keys_(make_keys(*random_)) {
  auto opened = store::open_sqlite({.file = ":memory:", .threads = false}, log_);
  disk_ = std::move(*opened);
  auto registry = std::make_shared<providers::Registry>();
  providers::register_native_providers(*registry);
  if (more) more(*registry);
  registry_ = registry;
  answer = [](const http::Request&) { return http::ScriptedTransport::reply(200, "{}"); };
}

void World::boot(EngineOptions options) {
  clock.drop_timers();  // coroutines that wait for one end while their io_context is there
  process_.reset();
  clock.drop_timers();
  options.keeps_grants = keeps_grants;
  if (options.node.empty()) options.node = "node-" + std::to_string(++boots_);
  process_ = std::make_unique<Process>(
      clock, *disk_, [this](const http::Request& request) { return answer(request); }, keys_,
      registry_, log_, seed_ + static_cast<std::uint64_t>(boots_), std::move(options));
}

std::shared_ptr<const plan::CompiledPlan> World::compile(std::string_view text) {
  plan::CompileOutcome outcome = plan::compile_plan(*parse_json(text), registry_);
  if (!outcome.plan) throw std::logic_error(plan::to_error(outcome.problems).message);
  return outcome.plan;
}

StartRun World::start_of(std::string_view text, Json inputs) {
  StartRun start;
  start.user = user;
  start.document = *parse_json(text);
  start.compiled = compile(text);
  start.inputs = std::move(inputs);
  return start;
}

Result<Executed> World::execute(std::string_view text, Json inputs, Millis wait) {
  return run(process_->engine->execute(0, start_of(text, std::move(inputs)), wait));
}

Result<Run> World::enqueue(std::string_view text) {
  return run(process_->engine->enqueue(0, start_of(text)));
}

void World::drive(boost::asio::awaitable<void> work, const std::function<bool()>& done) {
  spawn(process_->io->get_executor(), std::move(work));
  for (int turns = 0; !done(); ++turns) {
    if (turns > 2'000'000) throw std::logic_error("the world does not come to rest");
    if (!turn() || process_->store.crashed()) break;
  }
}

bool World::turn() {
  process_->io->restart();
  if (process_->io->poll() > 0) return true;
  if (!clock.has_timers()) return false;
  const auto wait = clock.next_due() - clock.steady();
  clock.advance(
      std::chrono::ceil<std::chrono::microseconds>(std::max(wait, decltype(wait)::zero())));
  return true;
}

void World::poll() {
  for (;;) {
    process_->io->restart();
    if (process_->io->poll() == 0) return;
  }
}

void World::pass(std::chrono::microseconds time) {
  const SteadyTime end = clock.steady() + time;
  for (poll(); clock.has_timers() && clock.next_due() <= end; poll()) turn();
  clock.advance(std::chrono::duration_cast<std::chrono::microseconds>(end - clock.steady()));
  poll();
}

bool World::until(const RunId& id, RunState state, int most) {
  for (int i = 0; i < most; ++i) {
    const auto row = find(id);
    if (row && row->state == state) return true;
    if (process_->store.crashed() || !turn()) return false;
  }
  return false;
}

std::optional<Run> World::find(const RunId& id) {
  auto row = direct(disk_->find_run(user, id));
  return row ? std::optional(*row) : std::nullopt;
}

std::vector<Attempt> World::attempts(const RunId& id) {
  return *direct(disk_->run_attempts(user, id, 0));
}

std::string World::story(const RunId& id) {
  std::string out;
  for (const Attempt& row : attempts(id)) {
    out += (out.empty() ? "" : " ") + row.step_id +
           (row.item_path.empty() ? "" : "[" + row.item_path + "]") + ":" +
           std::string(to_string(row.status));
  }
  return out;
}

void World::aside(boost::asio::awaitable<void> work) {
  boost::asio::io_context io;
  run_here(io, std::move(work));
}

Status World::put_credential(const std::string& provider, const std::string& type,
                             const std::string& value, const std::string& connection) {
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

}  // namespace pilot::engine
