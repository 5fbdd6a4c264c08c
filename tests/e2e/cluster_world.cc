#include "cluster_world.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "cluster_audit.h"

namespace pilot::e2e {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// A Fernet key: all nodes have the same.
constexpr char kKey[] = "cGlsb3QtZTJlLWNsdXN0ZXItdGVzdC1rZXktMzJieXQ=";

std::uint64_t choose_seed() {
  const char* given = std::getenv("PILOT_E2E_SEED");
  const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device{}();
  fmt::print("seed {} (PILOT_E2E_SEED={} repeats what is done to whom)\n", seed, seed);
  std::fflush(stdout);
  return seed;
}

// Answers a little later, each time differently, so that faults find calls in flight.
Reply answer_within(milliseconds most) {
  const auto count = std::make_shared<std::atomic<unsigned>>(0);
  return [count, most](Peer& peer, const Seen&) {
    peer.pause(milliseconds{(++*count * 37) % static_cast<unsigned>(most.count())});
    peer.reply(200, R"({"n":1})");
  };
}

}  // namespace

ClusterWorld::ClusterWorld(ClusterOptions options)
    : options_(std::move(options)),
      random_(choose_seed()),
      database_(options_.cluster.empty() ? std::make_unique<TestDatabase>()
                                         : std::make_unique<TestDatabase>(options_.cluster)),
      service_(answer_within(options_.latency)),
      nodes_(options_.nodes),
      urls_(options_.nodes) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    start(i);
    if (i == 0) begin_audit(Sql(url()));  // the first has made the tables
  }
}

ClusterWorld::~ClusterWorld() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].stopped) go_on(i);
  }
  loading_ = false;
  for (Node& node : nodes_) node.server.reset();  // kills what runs, so that clients get an answer
  for (std::thread& client : clients_) client.join();
}

std::size_t ClusterWorld::random(std::size_t below) {
  return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
}

void ClusterWorld::start(std::size_t i) {
  Node& node = nodes_[i];
  node.name = fmt::format("{}{}", static_cast<char>('a' + i), ++node.generation);
  std::string url = this->url();
  if (options_.route) url = options_.route(i, url);
  const Arguments more = i < options_.more.size() ? options_.more[i] : Arguments{};
  node.server = std::make_unique<Server>(
      data_dir(i), more,
      Arguments{"/usr/bin/env",
                fmt::format("PILOT_DATABASE_URL={}?application_name={}", url, node.name),
                fmt::format("PILOT_ENCRYPTION_KEYS={}", kKey)});
  const std::lock_guard lock(mutex_);
  urls_[i] = node.server->url();
}

void ClusterWorld::note(std::size_t i, std::string kind) {
  faults_.push_back({nodes_[i].name, std::move(kind), std::chrono::system_clock::now()});
}

void ClusterWorld::kill(std::size_t i) {
  {
    const std::lock_guard lock(mutex_);
    urls_[i].clear();
  }
  note(i, "kill");
  nodes_[i].server->kill();
}

void ClusterWorld::stop(std::size_t i) {
  note(i, "stop");
  nodes_[i].stopped = true;
  nodes_[i].server->process().signal(SIGSTOP);
}

void ClusterWorld::go_on(std::size_t i) {
  nodes_[i].stopped = false;
  nodes_[i].server->process().signal(SIGCONT);
}

Finished ClusterWorld::terminate(std::size_t i) {
  note(i, "term");
  Finished ended = nodes_[i].server->stop();
  const std::lock_guard lock(mutex_);
  urls_[i].clear();
  return ended;
}

void ClusterWorld::expire_lease(std::size_t i) {
  note(i, "lease");
  // A node's name ends in its pid.
  const pid_t pid = nodes_[i].server->process().pid();
  const auto changed = Sql(url()).rows(
      fmt::format("UPDATE nodes SET lease_until = now() - interval '1 minute' WHERE name LIKE "
                  "'%:{}' RETURNING id",
                  pid));
  EXPECT_EQ(changed.size(), 1u);
}

// Each call tells its name in the query: run.step or run.step.item.
std::string ClusterWorld::run_body(int pause) const {
  return quoted(fmt::format(
      "{{'plan':{{'steps':["
      "{{'id':'get','provider':'http','action':'get',"
      "'params':{{'url':'{0}/get?c=${{run.id}}.get'}}}},"
      "{{'id':'hook','provider':'webhook','action':'send',"
      "'params':{{'url':'{0}/hook?c=${{run.id}}.hook','payload':{{'x':1}}}}}},"
      "{{'id':'order','provider':'http','action':'post','on_unknown':'fail','on_error':'continue',"
      "'params':{{'url':'{0}/order?c=${{run.id}}.order','json':{{}}}}}},"
      "{{'id':'each','foreach':[1,2,3],'concurrency':2,'provider':'http','action':'post',"
      "'params':{{'url':'{0}/each?c=${{run.id}}.each.${{index}}','json':{{'item':'${{item}}'}},"
      "'idempotency_header':'Idempotency-Key'}}}},"
      "{{'id':'nap','provider':'logic','action':'wait','params':{{'seconds':{1}}}}},"
      "{{'id':'put','provider':'http','action':'request',"
      "'params':{{'method':'PUT','url':'{0}/put?c=${{run.id}}.put','json':{{}}}}}}]}}}}",
      service_.url(), pause));
}

void ClusterWorld::answered(std::size_t i, const Answer& answer) {
  const std::lock_guard lock(mutex_);
  if (answer.status == 202) {
    accepted_.insert(answer.text("id"));
  } else {
    refusals_.push_back(
        {i, answer.status, answer.text("code"), answer.header("retry-after"), Clock::now()});
  }
}

std::optional<std::string> ClusterWorld::post_run(std::size_t i, int pause) {
  const Answer answer = nodes_[i].server->post("/api/runs", run_body(pause));
  answered(i, answer);
  if (answer.status != 202) return std::nullopt;
  return answer.text("id");
}

void ClusterWorld::client(std::size_t i, milliseconds period) {
  std::unique_ptr<Connection> connection;
  std::string connected_to;
  int posted = 0;
  while (loading_) {
    std::string url;
    {
      const std::lock_guard lock(mutex_);
      url = urls_[i];
    }
    if (!url.empty()) {
      if (!connection || !connection->open() || connected_to != url) {
        connection = std::make_unique<Connection>(url);
        connected_to = url;
      }
      // Every fourth sleeps long enough to leave memory.
      const int pause = ++posted % 4 == 0 ? 4 : 1;
      answered(i, connection->send("POST", "/api/runs", run_body(pause)));
    }
    std::this_thread::sleep_for(period);
  }
}

void ClusterWorld::begin_load(double per_second) {
  loading_ = true;
  const milliseconds period{static_cast<int>(1'000 / per_second)};
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    clients_.emplace_back([this, i, period] { client(i, period); });
  }
}

void ClusterWorld::end_load() {
  loading_ = false;
  for (std::thread& client : clients_) client.join();
  clients_.clear();
}

std::set<std::string> ClusterWorld::accepted() const {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

std::vector<Refusal> ClusterWorld::refusals() const {
  const std::lock_guard lock(mutex_);
  return refusals_;
}

bool ClusterWorld::all_ended(std::chrono::seconds patience) const {
  const Sql sql(url());
  const std::string open =
      "SELECT count(*) FROM runs WHERE state NOT IN ('success', 'error', 'cancelled')";
  if (eventually([&] { return sql.number(open) == 0; }, patience)) return true;
  for (const Row& row : sql.rows("SELECT id, state, reason, node, epoch, wake_at FROM runs WHERE "
                                 "state NOT IN ('success', 'error', 'cancelled') LIMIT 10")) {
    fmt::print("still open: {} {} {} node {} epoch {} until {}\n", row[0], row[1], row[2], row[3],
               row[4], row[5]);
  }
  return false;
}

}  // namespace pilot::e2e
