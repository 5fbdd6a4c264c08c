#include "app/app.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <future>
#include <thread>

#include "api/server.h"
#include "api/services.h"
#include "app/database.h"
#include "app/demo/demo_server.h"
#include "base/id.h"
#include "base/run_here.h"

namespace pilot::app {
namespace {

namespace asio = boost::asio;

// Each connection and each call under way is a file descriptor.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

Result<vault::KeyRing> open_keys(const DataDir& dir, store::Store& store, asio::io_context& io,
                                 Random& random, Log& log) {
  std::error_code ignored;
  if (std::filesystem::exists(dir.key_file(), ignored)) {
    return vault::KeyRing::read(dir.key_file());
  }
  const Result<bool> encrypted = run_here(io, store.any_encrypted_rows());
  if (!encrypted) return encrypted.error();
  if (*encrypted) {
    return invalid("key_missing",
                   fmt::format("{} is missing, and the database holds credentials that only it can "
                               "read; put it back, or remove them",
                               dir.key_file().string()));
  }
  log.info("making a new key: {}; keep a copy of it apart from the database",
           dir.key_file().string());
  return vault::KeyRing::create(dir.key_file(), random);
}

std::string process_name() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return fmt::format("{}:{}", host.data(), getpid());
}

struct Shard {
  asio::io_context io{1};
  std::unique_ptr<Timers> timers = make_asio_timers(io);
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work{io.get_executor()};
  std::thread thread;
};

}  // namespace

// In order of construction; destroyed the other way round.
struct App::State {
  explicit State(LogLevel level) : log(level) {}
  Log log;
  std::optional<DataDir> dir;
  std::optional<OwnerLock> lock;
  std::unique_ptr<Clock> clock = make_system_clock();
  std::vector<std::unique_ptr<Shard>> shards;
  std::vector<engine::ShardContext> contexts;
  std::unique_ptr<store::Store> store;
  std::optional<vault::KeyRing> keys;
  std::unique_ptr<http::Transport> transport;
  std::unique_ptr<DemoServer> demo;
  std::shared_ptr<const providers::Registry> registry;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<api::Services> services;
  api::Router router;
  std::unique_ptr<api::Server> server;
  std::string url;
  bool running = false;

  std::vector<asio::io_context*> io_contexts() {
    std::vector<asio::io_context*> all;
    for (auto& shard : shards) all.push_back(&shard->io);
    return all;
  }

  Status open_data(const AppOptions& options);
  void make_shards(unsigned count);
  void build(const AppOptions& options);
  Status listen(const AppOptions& options);
  void run_shards();
};

App::App() = default;

Status App::State::open_data(const AppOptions& options) {
  auto opened = DataDir::open(options.data_dir);
  if (!opened) return opened.error();
  dir = std::move(*opened);
  auto taken = OwnerLock::try_take(*dir);
  if (!taken) return taken.error();
  if (!*taken) {
    return unavailable("data_dir_in_use",
                       fmt::format("another pilot process owns {}; stop it, or choose another "
                                   "directory with --data-dir",
                                   dir->path().string()));
  }
  lock = std::move(*taken);
  auto database = open_database(options.database_url, *dir, log);
  if (!database) return database.error();
  store = std::move(*database);
  return ok();
}

void App::State::make_shards(unsigned count) {
  if (count == 0) count = std::max(1u, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < count; ++i) {
    shards.push_back(std::make_unique<Shard>());
    contexts.push_back({.executor = shards.back()->io.get_executor(),
                        .timers = shards.back()->timers.get(),
                        .random = make_system_random()});
  }
}

void App::State::build(const AppOptions& options) {
  transport =
      http::make_curl_transport({.addresses = {.allow_loopback = options.allow_private_network,
                                               .allow_private = options.allow_private_network},
                                 .user_agent = fmt::format("Pilot/{}", version())},
                                log);
  demo = std::make_unique<DemoServer>(io_contexts(), log);
  auto all = std::make_shared<providers::Registry>();
  providers::register_native_providers(*all);
  register_demo(*all, demo.get());
  registry = all;
  const auto has_role = [&](std::string_view role) {
    return std::find(options.roles.begin(), options.roles.end(), role) != options.roles.end();
  };
  engine = engine::make_engine({.node = make_uuid7(clock->now(), *contexts[0].random),
                                .name = process_name(),
                                .version = std::string(version()),
                                .max_queued = options.max_queued,
                                .claim_others = options.claim_others,
                                .works = has_role("worker"),
                                .schedules = has_role("scheduler"),
                                .roles = fmt::format("{}", fmt::join(options.roles, ",")),
                                .retention = options.retention},
                               {.store = *store,
                                .transport = *transport,
                                .keys = *keys,
                                .registry = registry,
                                .clock = *clock,
                                .log = log,
                                .shards = contexts});
  std::vector<std::unique_ptr<Random>> random;
  for (std::size_t i = 0; i < shards.size(); ++i) random.push_back(make_system_random());
  services.reset(new api::Services{.store = *store,
                                   .engine = *engine,
                                   .registry = registry,
                                   .keys = *keys,
                                   .clock = *clock,
                                   .log = log,
                                   .random = std::move(random),
                                   .version = std::string(version()),
                                   .required_token = options.token});
  api::register_routes(router, *services);
}

Status App::State::listen(const AppOptions& options) {
  auto listening =
      api::Server::listen(options.address, options.port, io_contexts(), router, {}, log);
  if (!listening) return listening.error();
  server = std::move(*listening);
  const bool v6 = options.address.find(':') != std::string::npos;
  url = fmt::format("http://{}{}{}:{}", v6 ? "[" : "", options.address, v6 ? "]" : "",
                    server->port());
  return ok();
}

void App::State::run_shards() {
  running = true;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    Shard& shard = *shards[i];
    shard.thread = std::thread([&shard] { shard.io.run(); });
    pthread_setname_np(shard.thread.native_handle(), fmt::format("shard-{}", i).c_str());
  }
}

Result<std::unique_ptr<App>> App::start(AppOptions options) {
  raise_descriptor_limit();
  std::unique_ptr<App> app(new App);
  app->state_ = std::make_unique<State>(options.log_level);
  State& state = *app->state_;
  state.make_shards(options.shards);
  if (const Status opened = state.open_data(options); !opened) return opened.error();
  auto keys = open_keys(*state.dir, *state.store, state.shards[0]->io, *state.contexts[0].random,
                        state.log);
  if (!keys) return keys.error();
  state.keys = std::move(*keys);
  state.build(options);
  if (const Status listening = state.listen(options); !listening) return listening.error();
  if (const Status begun = run_here(state.shards[0]->io, state.engine->start()); !begun) {
    return begun.error();
  }
  for (auto& shard : state.shards) shard->io.restart();
  state.run_shards();
  return app;
}

void App::stop(Millis grace) {
  State& state = *state_;
  if (!state.running) return;
  state.running = false;
  state.services->ready = false;
  state.server->stop_accepting();
  const auto wind_up = [](State& s, Millis most) -> asio::awaitable<void> {
    co_await s.engine->stop(most);
    co_await s.server->stop(Millis{2'000});
  };
  asio::co_spawn(state.shards[0]->io, wind_up(state, grace), asio::use_future).wait();
  for (auto& shard : state.shards) {
    shard->work.reset();
    shard->io.stop();
  }
  for (auto& shard : state.shards) shard->thread.join();
}

App::~App() { stop(Millis{5'000}); }

const std::string& App::url() const { return state_->url; }
const DataDir& App::data_dir() const { return *state_->dir; }
Log& App::log() { return state_->log; }

std::shared_ptr<const providers::Registry> make_registry() {
  auto all = std::make_shared<providers::Registry>();
  providers::register_native_providers(*all);
  register_demo(*all, nullptr);
  return all;
}

std::string_view version() { return PILOT_VERSION; }

}  // namespace pilot::app
