#include "store/sqlite/bare_rows.h"

#include <algorithm>

#include "base/id.h"
#include "base/log.h"
#include "store/sqlite/migrate.h"
#include "store/sqlite/run_rows.h"

namespace pilot::store::sqlite {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int kCheckpointPages = 4'000;  // as the store's own writer has it
constexpr std::string_view kUser = "local";
constexpr std::string_view kPlan = "0190a000-0000-7000-8000-000000000001";
constexpr std::string_view kPlanName = "bench";
constexpr std::string_view kNode = "0190a000-0000-7000-8000-00000000000a";
constexpr std::string_view kKey = "0190a000-0000-8000-8000-00000000000b";
constexpr std::string_view kOutput = R"({"status":200,"body":{"id":17,"name":"bench","ok":true}})";
constexpr std::string_view kPostOutput =
    R"({"status":200,"headers":{"server":"nginx/1.22.1","date":"Mon, 23 Nov 2026 02:18:41 GMT",)"
    R"("content-type":"application/json","content-length":"11","connection":"keep-alive"},)"
    R"("body":{"ok":true}})";
constexpr std::int64_t kNow = 1'800'000'000'000'000;

constexpr auto kInsertRun =
    SqlText("INSERT INTO runs (") + kRunColumns +
    ") VALUES (?1, ?2, ?3, 1, ?4, ?5, '', NULL, ?6, ?6, ?7, NULL, '', ?8, 1, 4, 3, NULL, '{}',"
    " '{\"type\":\"manual\"}', NULL, ?9)";
constexpr auto kInsertAttempt =
    SqlText("INSERT INTO execution_logs (") + kAttemptColumns +
    ") VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?3, 'step_1', '', 1, 1, 'http', 'get', ?6, '', 1, ?7, 200,"
    " NULL, ?8, ?9, NULL, '{}', ?10)";
constexpr char kEndAttempt[] =
    "UPDATE execution_logs SET revision = 5, status = 'success', finished_at = ?4, latency_ms = 1,"
    " output = ?5 WHERE user_id = ?1 AND run_id = ?2 AND seq = ?3";
constexpr char kEndRun[] =
    "UPDATE runs SET state = 'success', revision = 6, finished_at = ?3, output = ?4"
    " WHERE user_id = ?1 AND id = ?2";
constexpr char kBegin[] = "BEGIN IMMEDIATE";
constexpr char kCommit[] = "COMMIT";

class BareRows {
 public:
  explicit BareRows(Connection& db) : db_(db), random_(make_system_random()) {}

  Status w1(int batch) {
    name_runs(batch);
    Status done = begin();
    for (const std::string& run : runs_) {
      if (done) done = insert_run(run, "running");
      // The GET's answer with its headers, what `set` made of it, the mark of the POST.
      if (done) done = insert_attempt(run, 1, get_output_);
      if (done) done = insert_attempt(run, 2, kOutput);
      if (done) done = insert_attempt(run, 3, std::nullopt);
    }
    if (done) done = commit();
    if (done) done = begin();
    for (const std::string& run : runs_) {
      if (done) done = db_.query(kEndAttempt).bind(kUser, run, 3, kNow, kPostOutput).run();
      if (done) done = db_.query(kEndRun).bind(kUser, run, kNow, kPostOutput).run();
    }
    return done ? commit() : done;
  }

  Status w2(int batch) {
    name_runs(batch);
    Status done = begin();
    for (const std::string& run : runs_) {
      if (done) done = insert_run(run, "success");
      for (int seq = 1; done && seq <= 3; ++seq) done = insert_attempt(run, seq, kOutput);
    }
    return done ? commit() : done;
  }

 private:
  void name_runs(int count) {
    runs_.clear();
    const auto now =
        std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    for (int i = 0; i < count; ++i) runs_.push_back(make_uuid7(now, *random_));
  }
  Status begin() { return db_.query(kBegin).run(); }
  Status commit() {
    Status done = db_.query(kCommit).run();
    if (done && db_.log_pages() >= kCheckpointPages) db_.checkpoint();
    return done;
  }
  Status insert_run(const std::string& run, std::string_view state) {
    const bool ended = state == "success";
    return db_.query(kInsertRun.text)
        .bind(kUser, run, kPlan, kPlanName, state, kNow, maybe(ended, kNow), kNode,
              maybe(ended, kOutput))
        .run();
  }
  Status insert_attempt(const std::string& run, int seq, std::optional<std::string_view> output) {
    const bool ended = output.has_value();
    return db_.query(kInsertAttempt.text)
        .bind(kUser, run, seq, kPlan, kPlanName, ended ? "success" : "running", kKey, kNow,
              maybe(ended, kNow), output)
        .run();
  }
  template <class T>
  static std::optional<T> maybe(bool there, const T& value) {
    return there ? std::optional<T>(value) : std::nullopt;
  }

  Connection& db_;
  std::unique_ptr<Random> random_;
  std::vector<std::string> runs_;
  // {status, body, headers} of the benchmark's 1 KB item.
  const std::string get_output_ = std::string(kPostOutput) + std::string(1'024, 'x');
};

// Fills the log once and empties it: from then on it is overwritten in place, as a server's is.
Status warm_up(Connection& db, BareRows& rows, const std::string& workload) {
  int most = 0;
  for (int i = 0; i < 10'000 && db.log_pages() >= most; ++i) {
    most = db.log_pages();
    if (Status done = workload == "W1" ? rows.w1(100) : rows.w2(100); !done) return done;
  }
  return ok();
}

Result<BareRate> measure(Connection& db, const std::string& workload, int batch,
                         std::chrono::milliseconds each) {
  BareRows rows(db);
  if (Status warm = warm_up(db, rows, workload); !warm) return warm.error();
  std::vector<double> times_ms;
  const auto start = Steady::now();
  auto before = start;
  while (before - start < each) {
    if (Status done = workload == "W1" ? rows.w1(batch) : rows.w2(batch); !done) {
      return done.error();
    }
    const auto after = Steady::now();
    times_ms.push_back(std::chrono::duration<double, std::milli>(after - before).count());
    before = after;
  }
  std::sort(times_ms.begin(), times_ms.end());
  const auto at = [&](double share) {
    return times_ms[static_cast<std::size_t>(share * static_cast<double>(times_ms.size() - 1))];
  };
  const double seconds = std::chrono::duration<double>(before - start).count();
  const double executions = static_cast<double>(times_ms.size()) * batch;
  return BareRate{workload, batch, executions / seconds, at(0.5), at(0.99)};
}

void remove_database(const std::filesystem::path& file) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code ignored;
    std::filesystem::remove(file.string() + suffix, ignored);
  }
}

Result<BareRate> measure_on_new(const std::filesystem::path& file, const std::string& workload,
                                int batch, std::chrono::milliseconds each, Log& log) {
  auto db = Connection::open({.file = file});
  if (!db) return db.error();
  const auto schema = migrate(**db, sqlite_migrations(), log);
  if (!schema) return schema.error();
  return measure(**db, workload, batch, each);
}

}  // namespace

Result<std::vector<BareRate>> measure_bare_rows(const std::filesystem::path& file,
                                                std::chrono::milliseconds each, Log& log) {
  if (std::filesystem::exists(file)) {
    return conflict("file_exists", file.string() + " exists; the measurement needs a new file");
  }
  std::vector<BareRate> rates;
  for (const std::string workload : {"W1", "W2"}) {
    for (const int batch : {1, 100}) {
      auto rate = measure_on_new(file, workload, batch, each, log);
      remove_database(file);
      if (!rate) return rate.error();
      rates.push_back(std::move(*rate));
    }
  }
  return rates;
}

}  // namespace pilot::store::sqlite
