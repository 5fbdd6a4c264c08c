#include "list_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "load_client.h"

namespace pilot::bench {
namespace {

constexpr std::int64_t kTenants = 1'000;
constexpr std::int64_t kMonths = 6;
constexpr std::int64_t kRowsPerCopy = 500'000;
constexpr std::size_t kCalls = 200;
constexpr std::size_t kPageSize = 50;
constexpr std::size_t kDeepPages = 100;        // before the deep page
constexpr std::string_view kTenant = "local";  // whose server and key it is
constexpr std::string_view kColumns =
    "user_id, id, plan_version, total_steps, epoch, revision, created_at, started_at, finished_at,"
    " state, reason, node, plan_id, schedule_id, retry_of, plan_name, inputs, \"trigger\", output";
// As src/store/postgres/run_queries.cc asks; printed with the figures, so that it can be compared.
constexpr std::string_view kQuery =
    "EXPLAIN (ANALYZE, BUFFERS) SELECT user_id, id, plan_id, plan_version, plan_name, state, "
    "reason,"
    " wake_at, created_at, started_at, finished_at, deadline, retry_of, node, epoch, revision,"
    " total_steps, error, inputs, \"trigger\", document, output FROM runs WHERE user_id = '{}'"
    " AND id < '{}' AND ('' = '' OR plan_id = '') AND ('' = '' OR state = '')"
    " ORDER BY id DESC LIMIT 51";
constexpr std::string_view kAsTenant =
    "SET LOCAL ROLE pilot_app; SELECT set_config('pilot.user_id', '{}', true)";

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Runs in the order of time, tenant after tenant, one in a hundred without success.
class RunRows {
 public:
  explicit RunRows(std::int64_t rows)
      : rows_(rows), end_ms_(now_ms() - 60'000), span_ms_(kMonths * 30 * 86'400'000LL) {}

  void append(std::string& out, std::int64_t number) const {
    const std::int64_t tenant = number % kTenants;
    const std::int64_t at =
        end_ms_ - span_ms_ +
        static_cast<std::int64_t>(static_cast<double>(span_ms_) * static_cast<double>(number) /
                                  static_cast<double>(rows_));
    const std::string time = fmt::format("epoch {}", at);
    const std::string stamp = to_rfc3339(WallTime{std::chrono::milliseconds{at}});
    fmt::format_to(std::back_inserter(out),
                   "{}\t{:08x}-{:04x}-7{:03x}-8000-{:012x}\t1\t3\t1\t5\t{}\t{}\t{}\t{}\t\t"
                   "01a20000-0000-7000-8000-00000000000a\t01a20000-0000-7000-8000-{:012x}\t\t\t"
                   "order of a coffee grinder\t{{}}\t{{\"type\":\"manual\"}}\t"
                   "{{\"order\":{{\"title\":\"A grinder, please\",\"count\":{}}}}}\n",
                   tenant == kTenants / 2 ? std::string(kTenant) : fmt::format("tenant-{}", tenant),
                   at >> 16, at & 0xffff, number % 4'096, number, stamp, stamp, stamp,
                   number / kTenants % 100 == 0 ? "error" : "success", tenant * 10 + number % 7,
                   number);
  }

 private:
  std::int64_t rows_;
  std::int64_t end_ms_;
  std::int64_t span_ms_;
};

Status load_rows(const PostgresDatabase& database, std::int64_t rows) {
  Result<Session> session = database.connect();
  if (!session) return session.error();
  // Months that have passed have no partitions unless they are made.
  const Status made = session->execute(
      fmt::format("SELECT make_partitions(now() - interval '{0} months', {0})", kMonths));
  if (!made) return made;
  const RunRows source(rows);
  std::int64_t next = 0;
  while (next < rows) {
    const std::int64_t end = std::min(next + kRowsPerCopy, rows);
    const Status copied = copy_in(
        database.url(), fmt::format("COPY runs ({}) FROM STDIN", kColumns), [&](std::string& out) {
          const std::int64_t some = std::min(next + 500, end);
          while (next < some) source.append(out, next++);
          return next < end;
        });
    if (!copied) return copied;
    fmt::print(stderr, "bench: {} of {} rows are loaded\n", next, rows);
  }
  return ok();
}

Result<ListPage> measure_page(const PilotServer& server, std::string what,
                              const std::string& path) {
  ListPage page{.what = std::move(what), .calls = kCalls};
  std::vector<double> times;
  for (std::size_t i = 0; i < kCalls; ++i) {
    const double begin = now_seconds();
    const Result<Json> answer = call_json(server.address(), "GET", path, {}, 200);
    times.push_back(now_seconds() - begin);
    if (!answer) return answer.error().prefixed(page.what);
    const Json* runs = find(*answer, "runs");
    page.found = runs != nullptr && runs->is_array() ? runs->get_array().size() : 0;
    if (interrupted()) return interruption();
  }
  std::sort(times.begin(), times.end());
  page.p50_ms = quantile(times, 0.5) * 1e3;
  page.p99_ms = quantile(times, 0.99) * 1e3;
  page.max_ms = times.back() * 1e3;
  return page;
}

struct Deep {
  std::size_t newer = 0;  // runs before it
  std::string cursor;
  std::string last_id;
};

// Down the list, to a cursor far from its beginning; less far when there are fewer runs.
Result<Deep> go_deep(const PilotServer& server) {
  Deep deep;
  for (std::size_t page = 0; page < kDeepPages; ++page) {
    const std::string path = fmt::format("/api/runs?limit={}", kPageSize) +
                             (deep.cursor.empty() ? "" : "&cursor=" + deep.cursor);
    const Result<Json> answer = call_json(server.address(), "GET", path, {}, 200);
    if (!answer) return answer.error();
    const std::string_view next = string_or(*answer, "next_cursor");
    if (next.empty()) break;
    const JsonArray& runs = find(*answer, "runs")->get_array();
    deep.newer += runs.size();
    deep.cursor = next;
    deep.last_id = string_or(runs.back(), "id");
  }
  if (!deep.cursor.empty()) return deep;
  return internal_error("the tenant has no second page of runs: more --rows are needed");
}

Result<std::string> explain(const PostgresDatabase& database, std::string_view before_id) {
  return ask_lines(database.url(), fmt::format(fmt::runtime(kAsTenant), kTenant),
                   fmt::format(fmt::runtime(kQuery), kTenant, before_id));
}

Status measure_pages(const PilotServer& server, const PostgresDatabase& database,
                     ListFigures& found) {
  const Result<Deep> deep = go_deep(server);
  if (!deep) return deep.error();
  const std::string first = fmt::format("/api/runs?limit={}", kPageSize);
  const std::pair<std::string, std::string> pages[] = {
      {"the first page of 50", first},
      {fmt::format("a page of 50 after {} newer ones", deep->newer),
       first + "&cursor=" + deep->cursor},
      {"a page of 50 of those in error, one in a hundred", first + "&status=error"},
      {"those that wait: all are looked at, none is", first + "&status=waiting"}};
  for (const auto& [what, path] : pages) {
    Result<ListPage> page = measure_page(server, what, path);
    if (!page) return page.error();
    found.pages.push_back(std::move(*page));
  }
  const Result<std::string> top = explain(database, "~");
  if (!top) return top.error();
  const Result<std::string> below = explain(database, deep->last_id);
  if (!below) return below.error();
  found.plan = fmt::format("plan of the first page, as pilot_app:\n{}plan of the deep page:\n{}",
                           *top, *below);
  return ok();
}

}  // namespace

Result<ListFigures> measure_list(const Options& options, PostgresCluster& cluster,
                                 const std::filesystem::path& dir) {
  std::filesystem::create_directories(dir);
  const Result<PostgresDatabase> database = PostgresDatabase::make(cluster, "list");
  if (!database) return database.error();
  if (Status made = database->migrate(options.pilot, dir / "migrate"); !made) return made.error();
  ListFigures found{.rows = options.rows, .tenants = kTenants, .months = kMonths};
  double begin = now_seconds();
  if (Status loaded = load_rows(*database, options.rows); !loaded) return loaded.error();
  found.load_seconds = now_seconds() - begin;
  Result<Session> session = database->connect();
  if (!session) return session.error();
  begin = now_seconds();
  for (const char* step : {"VACUUM (ANALYZE) runs", "CHECKPOINT"}) {
    if (Status settled = session->execute(step); !settled) return settled.error();
  }
  found.settle_seconds = now_seconds() - begin;
  const Result<double> bytes = ask_number(
      *session,
      "SELECT sum(pg_total_relation_size(inhrelid))::text FROM pg_inherits WHERE inhparent"
      " = 'runs'::regclass");
  if (!bytes) return bytes.error();
  found.table_mib = *bytes / 1'048'576;
  Result<PilotServer> server =
      PilotServer::start(options.pilot, dir / "data", database->serve_setup());
  if (!server) return server.error();
  if (Status keyed = server->use_key(); !keyed) return keyed.error();
  if (Status measured = measure_pages(*server, *database, found); !measured)
    return measured.error();
  if (Status stopped = server->stop(); !stopped) return stopped.error();
  return found;
}

}  // namespace pilot::bench
