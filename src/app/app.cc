#include "app/app.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <future>
#include <thread>

#include "api/head_rules.h"
#include "api/server.h"
#include "api/services.h"
#include "api/tls.h"
#include "api/token.h"
#include "app/ca_file.h"
#include "app/catalog_watcher.h"
#include "app/database.h"
#include "app/demo/demo_server.h"
#include "app/fetch_document.h"
#include "app/open_keys.h"
#include "app/private_memory.h"
#include "app/registry.h"
#include "base/id.h"
#include "base/run_here.h"
#include "base/spawn.h"
#include "engine/task_pool.h"

namespace pilot::app {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kLookForSignIn{500};

// Each connection and each call under way is a file descriptor.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

std::string host_name() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return host.data();
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
  State(LogLevel level, LogFormat format) : log(level, format) {}
  Log log;
  std::optional<DataDir> dir;
  std::optional<OwnerLock> lock;
  std::unique_ptr<Clock> clock = make_system_clock();
  std::vector<std::unique_ptr<Shard>> shards;
  std::vector<engine::ShardContext> contexts;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<vault::KeyHolder> keys;
  // One user on loopback; false for good once there is a key or a password.
  std::shared_ptr<std::atomic<bool>> alone = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<http::Transport> transport;
  std::unique_ptr<engine::TaskPool> tasks;
  std::unique_ptr<DemoServer> demo;
  std::shared_ptr<const providers::Registry> registry;
  std::unique_ptr<CatalogWatcher> catalog;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<engine::OAuthConnect> oauth;
  std::unique_ptr<api::Services> services;
  api::Router router;
  std::unique_ptr<api::Server> server;
  std::unique_ptr<api::Server> local;  // for commands, when the server is under TLS
  std::string node;                    // this process, among those that share the database
  std::string url;
  std::string local_url;
  std::string operator_token;
  std::string browser_token;
  bool running = false;

  std::vector<asio::io_context*> io_contexts() {
    std::vector<asio::io_context*> all;
    for (auto& shard : shards) all.push_back(&shard->io);
    return all;
  }

  Status open_data(const AppOptions& options);
  Status open_ring(vault::KeySource source);
  Status see_who_is_there(const AppOptions& options);
  void make_shards(unsigned count);
  api::IdentityOptions identity_options(const AppOptions& options);
  Status build_registry(const AppOptions& options);
  void build(const AppOptions& options, std::string authorities);
  Status listen(const AppOptions& options);
  Status succeed();
  void run_shards();
  asio::awaitable<void> watch_sign_in();
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

Status App::State::open_ring(vault::KeySource source) {
  if (source.file.empty()) source.file = dir->key_file();
  auto ring = open_keys(source, *store, shards[0]->io, *contexts[0].random, log);
  if (!ring) return ring.error();
  keys = std::make_unique<vault::KeyHolder>(std::move(*ring), std::move(source));
  return ok();
}

// Whoever makes the first key or password later sets `alone` to false.
Status App::State::see_who_is_there(const AppOptions& options) {
  const Result<bool> sign_in = run_here(shards[0]->io, store->any_sign_in());
  if (!sign_in) return sign_in.error();
  const bool loopback = api::is_loopback_address(options.address);
  *alone = !*sign_in && loopback;
  if (*sign_in || loopback) return ok();
  return invalid("not_loopback",
                 fmt::format("without any API key or password the server listens on loopback only, "
                             "not on {}; make a key first: pilot keys create --name NAME --scopes "
                             "read,run,write,credentials,admin",
                             options.address));
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

api::IdentityOptions App::State::identity_options(const AppOptions& options) {
  operator_token = api::random_token(*contexts[0].random);
  browser_token = api::random_token(*contexts[0].random);
  return {.operator_token = operator_token,
          .browser_token = browser_token,
          .open_on_loopback = options.open && api::is_loopback_address(options.address),
          .public_url = options.public_url,
          .tls = !options.tls_certificate.empty(),
          .alone = alone};
}

Status App::State::build_registry(const AppOptions& options) {
  demo = std::make_unique<DemoServer>(io_contexts(), log);
  auto all = built_in_registry();
  register_demo(*all, demo.get());
  registry = all;
  if (options.catalog.empty()) return ok();
  auto watching = CatalogWatcher::start(options.catalog, std::move(all), log);
  if (!watching) return watching.error();
  catalog = std::move(*watching);
  return ok();
}

void App::State::build(const AppOptions& options, std::string authorities) {
  const http::AddressPolicy addresses{.allow_loopback = options.allow_private_network,
                                      .allow_private = options.allow_private_network,
                                      .allow = options.allow_hosts,
                                      .deny = options.deny_hosts,
                                      .alone = alone};
  transport = http::make_curl_transport({.addresses = addresses,
                                         .user_agent = fmt::format("Pilot/{}", version()),
                                         .authorities = std::move(authorities)},
                                        log);
  tasks = std::make_unique<engine::TaskPool>(
      engine::TaskPool::Options{.addresses = addresses, .files = options.sqlite_dir});
  const auto has_role = [&](std::string_view role) {
    return std::find(options.roles.begin(), options.roles.end(), role) != options.roles.end();
  };
  node = make_uuid7(clock->now(), *contexts[0].random);
  engine = engine::make_engine({.node = node,
                                .name = fmt::format("{}:{}", host_name(), getpid()),
                                .version = std::string(version()),
                                .max_queued = options.max_queued,
                                .claim_others = options.claim_others,
                                .works = has_role("worker"),
                                .schedules = has_role("scheduler"),
                                .roles = fmt::format("{}", fmt::join(options.roles, ",")),
                                .retention = options.retention,
                                .oauth_clients = options.oauth_clients},
                               {.store = *store,
                                .transport = *transport,
                                .keys = *keys,
                                .registry = registry,
                                .clock = *clock,
                                .log = log,
                                .shards = contexts,
                                .tasks = tasks.get()});
  oauth = std::make_unique<engine::OAuthConnect>(engine::OAuthConnect::Parts{
      .store = *store,
      .keys = *keys,
      .transport = *transport,
      .clock = *clock,
      .registry = registry,
      .clients = options.oauth_clients ? options.oauth_clients
                                       : std::make_shared<const providers::OAuthClients>()});
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
                                   .identity = identity_options(options),
                                   .oauth = oauth.get(),
                                   .idempotency = {.node = node, .only_process = !store->shared()},
                                   .limits = options.limits,
                                   .background = shards[0]->io.get_executor()});
  services->fetch_document = [&outbound = *transport](std::string address) {
    return fetch_document(outbound, std::move(address));
  };
  api::register_routes(router, *services);
}

Status App::State::listen(const AppOptions& options) {
  const api::ServerOptions settings{.access_log = options.access_log};
  std::shared_ptr<const api::Tls> tls;
  if (!options.tls_certificate.empty()) {
    auto loaded = api::Tls::load(options.tls_certificate, options.tls_key);
    if (!loaded) return loaded.error();
    tls = std::move(*loaded);
  }
  auto listening =
      api::Server::listen(options.address, options.port, io_contexts(), router, settings, log, tls);
  if (!listening) return listening.error();
  server = std::move(*listening);
  const bool v6 = options.address.find(':') != std::string::npos;
  url = fmt::format("{}://{}{}{}:{}", tls ? "https" : "http", v6 ? "[" : "", options.address,
                    v6 ? "]" : "", server->port());
  services->url = url;
  local_url = url;
  if (!tls) return ok();
  auto beside = api::Server::listen("127.0.0.1", 0, io_contexts(), router, settings, log);
  if (!beside) return beside.error();
  local = std::move(*beside);
  local_url = fmt::format("http://127.0.0.1:{}", local->port());
  return ok();
}

// Whoever had this directory before is dead, since we have its lock: its runs need not wait until
// its lease has run out. A note from another host came with a copy of the directory: that one may
// live.
Status App::State::succeed() {
  const std::string before = lock->note();
  const std::string host = host_name() + " ";
  lock->leave_note(host + node);
  if (!store->shared() || !before.starts_with(host)) return ok();
  return run_here(shards[0]->io, store->forget_node(before.substr(host.size())));
}

void App::State::run_shards() {
  running = true;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    Shard& shard = *shards[i];
    shard.thread = std::thread([&shard] { shard.io.run(); });
    pthread_setname_np(shard.thread.native_handle(), fmt::format("shard-{}", i).c_str());
  }
}

// The first key or password may be made at another node, and nobody may ever call this one.
asio::awaitable<void> App::State::watch_sign_in() {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  while (*alone) {
    pause.expires_after(kLookForSignIn);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    const Result<bool> any = co_await store->any_sign_in();
    if (any && *any) *alone = false;
  }
}

Result<std::unique_ptr<App>> App::start(AppOptions options) {
  // OpenSSL's own variable: what speaks TLS without curl (redis, mqtt, postgresql) heeds it, too.
  const char* usual = std::getenv("SSL_CERT_FILE");
  Result<std::string> authorities =
      read_ca_file(options.ca_file.empty() && usual != nullptr ? usual : options.ca_file);
  if (!authorities) return authorities.error();
  if (!options.ca_file.empty()) {
    ::setenv("SSL_CERT_FILE", std::filesystem::absolute(options.ca_file).c_str(), 1);
  }
  raise_descriptor_limit();
  keep_memory_private();
  std::unique_ptr<App> app(new App);
  app->state_ = std::make_unique<State>(options.log_level, options.log_format);
  State& state = *app->state_;
  state.make_shards(options.shards);
  if (const Status opened = state.open_data(options); !opened) return opened.error();
  if (const Status opened = state.open_ring(std::move(options.keys)); !opened) {
    return opened.error();
  }
  if (const Status seen = state.see_who_is_there(options); !seen) return seen.error();
  if (const Status built = state.build_registry(options); !built) return built.error();
  state.build(options, std::move(*authorities));
  if (const Status listening = state.listen(options); !listening) return listening.error();
  if (const Status alone = state.succeed(); !alone) return alone.error();
  if (const Status begun = run_here(state.shards[0]->io, state.engine->start()); !begun) {
    return begun.error();
  }
  for (auto& shard : state.shards) shard->io.restart();
  if (*state.alone && state.store->shared()) {
    spawn(state.contexts[0].executor, state.watch_sign_in());
  }
  state.run_shards();
  return app;
}

void App::stop(Millis grace) {
  State& state = *state_;
  if (!state.running) return;
  state.running = false;
  state.services->ready = false;
  state.server->stop_accepting();
  if (state.local) state.local->stop_accepting();
  const auto wind_up = [](State& s, Millis most) -> asio::awaitable<void> {
    co_await s.engine->stop(most);
    co_await s.server->stop(Millis{2'000});
    if (s.local) co_await s.local->stop(Millis{100});
    co_await s.services->wind_up();
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
const std::string& App::local_url() const { return state_->local_url; }
const std::string& App::operator_token() const { return state_->operator_token; }
std::string App::browser_url() const {
  return fmt::format("{}/?token={}", state_->url, state_->browser_token);
}
const DataDir& App::data_dir() const { return *state_->dir; }
Log& App::log() { return state_->log; }

std::string_view version() { return PILOT_VERSION; }

}  // namespace pilot::app
