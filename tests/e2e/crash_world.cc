#include "crash_world.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

namespace pilot::e2e {
namespace {

using Clock = std::chrono::steady_clock;
using Millis = std::chrono::milliseconds;

constexpr int kClients = 4;
constexpr int kCallsPerRun = 6;

std::uint64_t choose_seed() {
  const char* given = std::getenv("PILOT_E2E_SEED");
  const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device{}();
  fmt::print("seed {} (PILOT_E2E_SEED={} repeats the times of the kills)\n", seed, seed);
  std::fflush(stdout);
  return seed;
}

// Answers a little later, each time differently, so that kills find calls in flight.
Reply answer_soon() {
  const auto count = std::make_shared<std::atomic<unsigned>>(0);
  return [count](Peer& peer, const Seen&) {
    peer.pause(Millis{(++*count * 37) % 120});
    peer.reply(200, R"({"n":1})");
  };
}

// Each call tells its name in the query: run.step or run.step.item.
std::string run_body(const FakeService& service) {
  return quoted(fmt::format(
      "{{'plan':{{'steps':["
      "{{'id':'get','provider':'http','action':'get',"
      "'params':{{'url':'{0}/get?c=${{run.id}}.get'}}}},"
      "{{'id':'set','provider':'logic','action':'set',"
      "'params':{{'x':'${{steps.get.output.body.n}}'}}}},"
      "{{'id':'hook','provider':'webhook','action':'send',"
      "'params':{{'url':'{0}/hook?c=${{run.id}}.hook','payload':{{'x':'${{steps.set.output.x}}'}}"
      "}}}},"
      "{{'id':'each','foreach':[1,2,3],'concurrency':2,'provider':'http','action':'post',"
      "'params':{{'url':'{0}/each?c=${{run.id}}.each.${{index}}','json':{{'item':'${{item}}'}},"
      "'idempotency_header':'Idempotency-Key'}}}},"
      "{{'id':'nap','provider':'logic','action':'wait','params':{{'seconds':1}}}},"
      "{{'id':'put','provider':'http','action':'request',"
      "'params':{{'method':'PUT','url':'{0}/put?c=${{run.id}}.put','json':{{}}}}}}]}}}}",
      service.url()));
}

std::string key_of(const Seen& seen) {
  if (seen.path == "/hook") return seen.header("webhook-id");
  if (seen.path == "/each") return seen.header("idempotency-key");
  return {};
}

}  // namespace

CrashWorld::CrashWorld() : seed_(choose_seed()), random_(seed_), service_(answer_soon()) {}

CrashWorld::~CrashWorld() {
  server_.reset();  // kills what still runs, so that keepers and observer end
  join();
}

Millis CrashWorld::between(int least, int most) {
  return Millis{std::uniform_int_distribution<int>(least, most)(random_)};
}

void CrashWorld::join() {
  watching_ = false;
  for (std::thread& keeper : keepers_) keeper.join();
  keepers_.clear();
  if (observer_.joinable()) observer_.join();
}

void CrashWorld::begin_generation() { generations_.push_back(Clock::now()); }

// The process has ended; once the service has read all that it sent, every request belongs to the
// process that was started last before it came.
void CrashWorld::end_generation() {
  join();
  EXPECT_TRUE(service_.wait_until_unused());
}

void CrashWorld::start() {
  begin_generation();
  server_ = std::make_unique<Server>(dir_.path() / "data");
  ASSERT_TRUE(server_->up());
  watching_ = true;
  observer_ = std::thread([this, url = server_->url()] { observe(url); });
}

void CrashWorld::start_and_kill_after(Millis time) {
  begin_generation();
  {
    Process starting(serve_arguments(dir_.path() / "data"));
    std::this_thread::sleep_for(time);  // the moment of the kill is what is being tested
    starting.signal(SIGKILL);
    EXPECT_EQ(starting.wait().code, 128 + SIGKILL);
  }
  end_generation();
}

void CrashWorld::kill() {
  server_->kill();
  end_generation();
}

Finished CrashWorld::terminate() {
  Finished ended = server_->stop();
  end_generation();
  return ended;
}

bool CrashWorld::post_run(Connection& connection) {
  const Answer answer = connection.send("POST", "/api/runs", run_body(service_));
  if (answer.status != 202) return false;  // killed, or stopping
  const std::lock_guard lock(mutex_);
  accepted_.insert(answer.text("id"));
  return true;
}

void CrashWorld::client() {
  Connection connection(server_->url());
  while (connection.open() && wanted_-- > 0 && post_run(connection)) {
  }
}

void CrashWorld::submit_until(std::size_t open) {
  const std::size_t now = open_runs();
  wanted_ = now < open ? static_cast<std::int64_t>(open - now) : 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) clients.emplace_back([this] { client(); });
  for (std::thread& client : clients) client.join();
}

void CrashWorld::keep(const std::string& url, std::size_t open) {
  Connection connection(url);
  while (watching_ && connection.open()) {
    const Answer status = connection.send("GET", "/api/monitoring/status");
    const Json& now = at(status.json, "runs/open");
    if (status.status != 200 || !now.is_int64()) return;
    // A few at a time: the others post, too.
    for (auto n = static_cast<std::size_t>(now.get_int64()), i = n; i < std::min(n + 8, open);
         ++i) {
      if (!post_run(connection)) return;
    }
    std::this_thread::sleep_for(Millis{2});  // so that it is not all that the server does
  }
}

void CrashWorld::keep_open(std::size_t open) {
  for (int i = 0; i < kClients; ++i) {
    keepers_.emplace_back([this, open, url = server_->url()] { keep(url, open); });
  }
}

std::size_t CrashWorld::open_runs() const {
  const Json open = at(server_->get("/api/monitoring/status").json, "runs/open");
  return open.is_int64() ? static_cast<std::size_t>(open.get_int64()) : 0;
}

std::size_t CrashWorld::accepted() const {
  const std::lock_guard lock(mutex_);
  return accepted_.size();
}

// Reads one page of the log; notes which calls it says are done. False: no more, or no answer.
bool CrashWorld::observe_page(Connection& connection, std::string& cursor) {
  const Answer page = connection.send(
      "GET", "/api/execution-logs?limit=500" + (cursor.empty() ? "" : "&cursor=" + cursor));
  if (page.status != 200) return false;
  const Time now = Clock::now();
  const std::lock_guard lock(mutex_);
  for (const Json& row : list_at(page.json, "logs")) {
    if (text_at(row, "status") != "success") continue;
    const std::string item = text_at(row, "item_path");
    recorded_.emplace(
        text_at(row, "run_id") + "." + text_at(row, "step_id") + (item.empty() ? "" : "." + item),
        now);
  }
  cursor = text_at(page.json, "next_cursor");
  return !cursor.empty();
}

// Reads the whole log once, then its newest pages again and again until the server is gone.
void CrashWorld::observe(const std::string& url) {
  Connection connection(url);
  std::string cursor;
  while (watching_ && connection.open() && observe_page(connection, cursor)) {
  }
  while (watching_ && connection.open()) {
    cursor.clear();
    if (observe_page(connection, cursor)) observe_page(connection, cursor);
  }
}

void CrashWorld::wait_until_all_ended() {
  EXPECT_TRUE(eventually([this] { return open_runs() == 0; }, std::chrono::seconds{120}))
      << open_runs() << " runs do not end";
}

std::size_t CrashWorld::generation_of(Time time) const {
  return static_cast<std::size_t>(std::upper_bound(generations_.begin(), generations_.end(), time) -
                                  generations_.begin());
}

// Every run that was accepted, and every one that is there without its client having heard of it.
void CrashWorld::check_runs() const {
  std::set<std::string> there;
  std::string cursor;
  do {
    const Answer page =
        server_->get("/api/runs?limit=500" + (cursor.empty() ? "" : "&cursor=" + cursor));
    ASSERT_EQ(page.status, 200);
    for (const Json& run : list_at(page.json, "runs")) {
      there.insert(text_at(run, "id"));
      EXPECT_EQ(text_at(run, "status"), "success") << to_json(run);
    }
    cursor = text_at(page.json, "next_cursor");
  } while (!cursor.empty());
  const std::lock_guard lock(mutex_);
  for (const std::string& run : accepted_) EXPECT_TRUE(there.contains(run)) << run << " is lost";
  for (const std::string& run : there) {
    std::map<std::string, int> successes;
    const Json shown = server_->get("/api/runs/" + run).json;
    for (const Json& attempt : list_at(shown, "attempts")) {
      if (text_at(attempt, "status") != "success") continue;
      ++successes[text_at(attempt, "step_id") + "." + text_at(attempt, "item_path")];
    }
    // get, set, hook, each and its three items, nap, put
    EXPECT_EQ(successes.size(), 9u) << to_json(shown);
    for (const auto& [step, count] : successes) EXPECT_EQ(count, 1) << run << " " << step;
  }
}

void CrashWorld::check_call(const std::string& call, const std::vector<Seen>& sends,
                            bool killed) const {
  const auto recorded = recorded_.find(call);
  for (std::size_t i = 1; i < sends.size(); ++i) {
    EXPECT_TRUE(killed) << call << " was sent again without a kill";
    EXPECT_LT(generation_of(sends[i - 1].at), generation_of(sends[i].at))
        << call << " was sent twice by one process";
    EXPECT_EQ(key_of(sends[i]), key_of(sends[0])) << call << " has two keys";
    if (recorded != recorded_.end()) {
      EXPECT_LT(sends[i].at, recorded->second) << call << " was sent again after it was recorded";
    }
  }
}

void CrashWorld::check_sends(bool killed) const {
  std::map<std::string, std::vector<Seen>> calls;
  std::size_t sends = 0;
  for (Seen& seen : service_.seen()) {
    ++sends;
    calls[seen.query("c")].push_back(std::move(seen));
  }
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::string> keys;
  std::map<std::string, int> per_run;
  for (const auto& [call, all] : calls) {
    check_call(call, all, killed);
    ++per_run[call.substr(0, 36)];
    const std::string key = key_of(all[0]);
    if (key.empty()) continue;
    EXPECT_TRUE(keys.emplace(key, call).second) << call << " has the key of " << keys[key];
  }
  for (const std::string& run : accepted_) EXPECT_EQ(per_run[run], kCallsPerRun) << run;
  for (const auto& [run, count] : per_run) {
    // The wait was not cut short by a restart.
    EXPECT_GE(calls[run + ".put"].at(0).at - calls[run + ".each.2"].at(0).at, Millis{990}) << run;
  }
  fmt::print("{} runs accepted, {} seen; {} calls, {} sends, {} surplus; {} processes\n",
             accepted_.size(), per_run.size(), calls.size(), sends, sends - calls.size(),
             generations_.size());
}

}  // namespace pilot::e2e
