// A server that is killed again and again while it runs plans against a service which records
// everything, and the checker of what must hold afterwards. The checker knows what clients were
// told, what the service received and what the API says; it shares no code with the engine.
#pragma once

#include <atomic>
#include <random>
#include <set>

#include "fake_service.h"
#include "pilot.h"

namespace pilot::e2e {

// Each run: GET, set, keyed webhook POST, a foreach of three keyed POSTs, a wait of one second,
// PUT. The service never fails, so that every call that it gets twice is due to a fault of ours.
class CrashWorld {
 public:
  CrashWorld();  // the seed is PILOT_E2E_SEED, or a new one; it is printed
  ~CrashWorld();

  std::chrono::milliseconds between(int least, int most);  // seeded

  void start();  // waits until it serves
  void start_and_kill_after(std::chrono::milliseconds time);
  void kill();           // SIGKILL, at once
  Finished terminate();  // SIGTERM, and waits for the end
  Server& server() { return *server_; }

  // Clients that post runs, side by side, until so many are open; ends early if the server does.
  void submit_until(std::size_t open);
  // From now on somebody posts whenever fewer are open, as long as the process lives.
  void keep_open(std::size_t open);
  std::size_t open_runs() const;
  std::size_t accepted() const;
  void wait_until_all_ended();

  // What must hold when all has ended. Exactly one send per call if nothing was killed; else at
  // most one more for each kill.
  void check_runs() const;
  void check_sends(bool killed) const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Observer;

  void begin_generation();
  void end_generation();
  void client();
  bool post_run(Connection& connection);
  void join();
  void keep(const std::string& url, std::size_t open);
  void observe(const std::string& url);
  bool observe_page(Connection& connection, std::string& cursor);
  void check_call(const std::string& call, const std::vector<Seen>& sends, bool killed) const;
  std::size_t generation_of(Time at) const;

  std::uint64_t seed_;
  std::mt19937_64 random_;
  TempDir dir_;
  FakeService service_;
  std::unique_ptr<Server> server_;
  std::vector<Time> generations_;  // when each process was started

  std::atomic<std::int64_t> wanted_{0};  // runs that clients may still post
  std::vector<std::thread> keepers_;
  std::thread observer_;
  std::atomic<bool> watching_{false};  // false: keepers and observer end

  mutable std::mutex mutex_;
  std::set<std::string> accepted_;        // these under mutex_
  std::map<std::string, Time> recorded_;  // call -> when its success was first seen
};

}  // namespace pilot::e2e
