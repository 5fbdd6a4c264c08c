// Several servers on one PostgreSQL database, a service that records every call, and clients that
// start runs on all of them while the test kills, stops and continues the servers, always by pid.
// What happened to whom is noted down for the checker (cluster_audit.h).
#pragma once

#include <atomic>
#include <optional>
#include <random>
#include <set>

#include "fake_service.h"
#include "pilot.h"
#include "postgres.h"

namespace pilot::e2e {

using Steady = std::chrono::steady_clock::time_point;
using Wall = std::chrono::system_clock::time_point;

// Something that we did to a process: from then on others may have its runs.
struct Fault {
  std::string process;
  std::string kind;  // kill, stop, term, lease, net, database
  Wall at;
};

// What a client heard that was not a 202.
struct Refusal {
  std::size_t node = 0;
  int status = 0;  // 0: no answer
  std::string code;
  std::string retry_after;
  Steady at;
};

struct ClusterOptions {
  std::size_t nodes = 3;
  std::string cluster = {};                // the server; empty: that of PILOT_TEST_POSTGRES
  std::vector<Arguments> more = {};        // further options of each node
  std::chrono::milliseconds latency{120};  // the service takes up to so long
  std::function<std::string(std::size_t, std::string)> route = {};  // (node, URL) -> its URL
};

// One step of each effect class, a loop, a wait: see run_body(). `pause` seconds of sleep: past two
// of them a run leaves memory.
class ClusterWorld {
 public:
  explicit ClusterWorld(ClusterOptions options = {});  // starts all nodes; prints the seed
  ~ClusterWorld();

  std::size_t random(std::size_t below);
  const std::string& url() const { return database_->url(); }
  Server& node(std::size_t i) { return *nodes_[i].server; }
  std::filesystem::path data_dir(std::size_t i) const {
    return dir_.path() / fmt::format("node-{}", i);
  }
  // The name under which its process is known to the database: a1, then a2 when started again.
  const std::string& process(std::size_t i) const { return nodes_[i].name; }
  FakeService& service() { return service_; }

  void start(std::size_t i);
  void kill(std::size_t i);
  void stop(std::size_t i);   // SIGSTOP
  void go_on(std::size_t i);  // SIGCONT
  Finished terminate(std::size_t i);
  void note(std::size_t i, std::string kind);  // a fault of another sort hits it now
  // Its lease is over, says the database, though it lives.
  void expire_lease(std::size_t i);
  std::vector<Fault> faults() const { return faults_; }

  // Clients of each node that starts `per_second` runs on it, as far as it answers.
  void begin_load(double per_second);
  void end_load();
  std::optional<std::string> post_run(std::size_t i, int pause = 1);  // its id
  std::string run_body(int pause) const;

  std::set<std::string> accepted() const;
  std::vector<Refusal> refusals() const;
  // Every run that is in the database has ended.
  [[nodiscard]] bool all_ended(std::chrono::seconds patience = std::chrono::seconds{60}) const;

 private:
  struct Node {
    std::unique_ptr<Server> server;
    std::string name;
    int generation = 0;
    bool stopped = false;
  };
  void client(std::size_t i, std::chrono::milliseconds period);
  void answered(std::size_t i, const Answer& answer);

  ClusterOptions options_;
  std::mt19937_64 random_;
  std::unique_ptr<TestDatabase> database_;
  TempDir dir_;
  FakeService service_;
  std::vector<Node> nodes_;
  std::vector<Fault> faults_;
  std::vector<std::thread> clients_;
  std::atomic<bool> loading_{false};

  mutable std::mutex mutex_;
  std::vector<std::string> urls_;  // these under mutex_; empty: it is down
  std::set<std::string> accepted_;
  std::vector<Refusal> refusals_;
};

}  // namespace pilot::e2e
