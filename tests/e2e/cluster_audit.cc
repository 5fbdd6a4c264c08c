#include "cluster_audit.h"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

namespace pilot::e2e {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kAudit[] = R"(
CREATE SCHEMA audit;
CREATE TABLE audit.runs (n bigserial PRIMARY KEY, at timestamptz DEFAULT clock_timestamp(),
  writer text DEFAULT current_setting('application_name'), run text,
  old_node text, node text, old_epoch bigint, epoch bigint, old_state text, state text,
  old_revision bigint, revision bigint);
CREATE TABLE audit.steps (n bigserial PRIMARY KEY, at timestamptz DEFAULT clock_timestamp(),
  writer text DEFAULT current_setting('application_name'), run text, node text, epoch bigint,
  step text, item text, visit int, attempt int, status text);
CREATE INDEX ON audit.runs (run, n);
CREATE INDEX ON audit.steps (run, n);
CREATE FUNCTION audit.note_run() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO audit.runs (run, old_node, node, old_epoch, epoch, old_state, state, old_revision,
    revision) VALUES (new.id, old.node, new.node, old.epoch, new.epoch, old.state, new.state,
    old.revision, new.revision);
  RETURN NULL;
END $$;
CREATE FUNCTION audit.note_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO audit.steps (run, node, epoch, step, item, visit, attempt, status)
    SELECT new.run_id, r.node, r.epoch, new.step_id, new.item_path, new.visit, new.attempt,
      new.status
    FROM public.runs r WHERE r.user_id = new.user_id AND r.id = new.run_id;
  RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON public.runs
  FOR EACH ROW EXECUTE FUNCTION audit.note_run();
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON public.execution_logs
  FOR EACH ROW EXECUTE FUNCTION audit.note_step();
-- Which process a node's id belongs to: only itself makes a run its own.
CREATE VIEW audit.owners AS SELECT DISTINCT node, writer FROM audit.runs
  WHERE node <> '' AND coalesce(old_node, '') = '';
-- Who takes a run from whom: (release, next claim).
CREATE VIEW audit.taken AS SELECT r.run, o.writer AS loser, r.at AS released,
    (SELECT c.at FROM audit.runs c WHERE c.run = r.run AND c.n > r.n AND c.node <> ''
     ORDER BY c.n LIMIT 1) AS claimed
  FROM audit.runs r JOIN audit.owners o ON o.node = r.old_node
  WHERE r.old_node <> '' AND r.node = '' AND r.revision = r.old_revision;
)";

std::string since_1970(Wall wall) {
  return fmt::format("to_timestamp({}::numeric / 1000)",
                     std::chrono::duration_cast<milliseconds>(wall.time_since_epoch()).count());
}

// A finding is a row; there must be none.
void expect_none(const Sql& sql, const std::string& what, const std::string& query) {
  const std::vector<Row> rows = sql.rows(query + " LIMIT 5");
  for (const Row& row : rows) {
    ADD_FAILURE() << what << ": " << fmt::format("{}", fmt::join(row, " | "));
  }
}

void check_ends(const Sql& sql, const std::set<std::string>& accepted) {
  std::set<std::string> there;
  std::map<std::string, int> ends;
  for (const Row& row : sql.rows("SELECT id, state FROM runs WHERE schedule_id = ''")) {
    there.insert(row[0]);
    ++ends[row[1]];
  }
  for (const std::string& run : accepted) EXPECT_TRUE(there.contains(run)) << run << " is lost";
  for (const auto& [state, count] : ends) {
    EXPECT_EQ(state, "success") << "the service never fails";
    fmt::print("{} {}, ", count, state);
  }
  fmt::print("{} accepted\n", accepted.size());
  expect_none(sql, "an end was changed",
              "SELECT run, old_state, state, writer FROM audit.runs"
              " WHERE old_state IN ('success', 'error', 'cancelled')");
  expect_none(sql, "a step was recorded twice",
              "SELECT run_id, step_id, item_path, count(*) FROM execution_logs"
              " WHERE status = 'success' GROUP BY 1, 2, 3, visit HAVING count(*) > 1");
  // get, hook, order (it may be unknown), each and its three items, nap, put
  expect_none(sql, "steps of a successful run are missing",
              "SELECT r.id, count(*) FROM runs r JOIN execution_logs l ON l.run_id = r.id"
              " AND (l.status = 'success' OR l.step_id = 'order' AND l.status = 'error')"
              " WHERE r.state = 'success' AND r.schedule_id = '' GROUP BY 1 HAVING count(*) <> 9");
}

void check_owners(const Sql& sql) {
  expect_none(sql, "two processes under one node's id",
              "SELECT node, count(*) FROM audit.owners GROUP BY 1 HAVING count(*) > 1");
  expect_none(sql, "a run was written by a process that does not own it",
              "SELECT a.n, a.run, a.writer, o.writer FROM audit.runs a LEFT JOIN audit.owners o"
              " ON o.node = a.old_node WHERE a.old_node <> '' AND a.revision <> a.old_revision"
              " AND (o.writer IS DISTINCT FROM a.writer OR a.epoch <> a.old_epoch)");
  // One that is let go in the transaction that makes it is nobody's when its log is written.
  expect_none(sql, "a log was written by a process that does not own the run",
              "SELECT s.n, s.run, s.step, s.writer, s.node FROM audit.steps s WHERE NOT EXISTS"
              " (SELECT FROM audit.owners o WHERE o.node = s.node AND o.writer = s.writer)"
              " AND NOT (s.node = '' AND EXISTS (SELECT FROM audit.runs i WHERE i.run = s.run"
              " AND i.old_node IS NULL AND i.writer = s.writer AND i.epoch = s.epoch))");
  expect_none(sql, "an epoch went back",
              "SELECT run, old_epoch, epoch FROM audit.runs WHERE epoch < old_epoch");
}

// The last fault of the process before that moment.
const Fault* last_fault(const std::vector<Fault>& faults, const std::string& process, Wall before) {
  const Fault* found = nullptr;
  for (const Fault& fault : faults) {
    if (fault.process == process && fault.at <= before) found = &fault;
  }
  return found;
}

Wall wall_of(const std::string& micros) {
  return Wall{std::chrono::microseconds{std::stoll(micros)}};
}

std::vector<Row> taken(const Sql& sql) {
  return sql.rows(
      "SELECT run, loser, (extract(epoch FROM released) * 1000000)::bigint,"
      " (extract(epoch FROM claimed) * 1000000)::bigint FROM audit.taken ORDER BY released");
}

void check_taken(const ClusterWorld& world, const Sql& sql) {
  const std::vector<Fault> faults = world.faults();
  for (const Row& row : taken(sql)) {
    const Wall released = wall_of(row[2]);
    const Fault* fault = last_fault(faults, row[1], released);
    ASSERT_NE(fault, nullptr) << "run " << row[0] << " was taken from " << row[1]
                              << ", to which nothing had happened";
    EXPECT_FALSE(row[3].empty()) << "run " << row[0] << " was released and never claimed";
  }
  for (const char* kind : {"kill", "stop", "net"}) {
    const auto times = take_overs(world, kind);
    if (times.empty()) continue;
    fmt::print("{} runs taken over after a {}: median {} ms, p99 {} ms, most {} ms\n", times.size(),
               kind, percentile(times, 50).count(), percentile(times, 99).count(),
               times.back().count());
    EXPECT_LE(times.back(), seconds{20}) << "after a " << kind;
  }
}

std::string key_of(const Seen& seen) {
  if (seen.path == "/hook") return seen.header("webhook-id");
  if (seen.path == "/each") return seen.header("idempotency-key");
  return {};
}

void check_call(const std::string& call, const std::vector<Seen>& sends, std::int64_t marks,
                std::map<std::string, std::string>& keys) {
  const bool reads = sends[0].path == "/get";
  if (!reads) EXPECT_LE(sends.size(), marks) << call << " was sent more often than it was marked";
  if (sends[0].path == "/order") EXPECT_EQ(sends.size(), 1u) << call << " is unsafe";
  for (const Seen& send : sends) EXPECT_EQ(key_of(send), key_of(sends[0])) << call;
  const std::string key = key_of(sends[0]);
  if (key.empty()) return;
  EXPECT_TRUE(keys.emplace(key, call).second) << call << " has the key of " << keys[key];
}

// How often each call was marked as about to be sent. An owner marks it once more only if the
// database was away from it; a further owner does so if the mark was all that it found.
std::map<std::string, std::int64_t> count_marks(const Sql& sql, const std::vector<Fault>& faults) {
  std::map<std::string, std::int64_t> away;
  for (const Fault& fault : faults) {
    if (fault.kind == "cut" || fault.kind == "silence" || fault.kind == "database") {
      ++away[fault.process];
    }
  }
  std::map<std::string, std::int64_t> marks;
  for (const Row& row : sql.rows(
           "SELECT run || '.' || step || CASE item WHEN '' THEN '' ELSE '.' || item END, epoch,"
           " writer, count(DISTINCT attempt) FROM audit.steps WHERE status = 'running'"
           " GROUP BY 1, 2, 3")) {
    const std::int64_t count = std::stoll(row[3]);
    marks[row[0]] += count;
    EXPECT_LE(count, 1 + away[row[2]]) << row[0] << " by " << row[2];
  }
  return marks;
}

// A call is named run.step or run.step.item.
void check_sends(const Sql& sql, const std::vector<Fault>& faults, const FakeService& service) {
  std::map<std::string, std::vector<Seen>> calls;
  std::size_t sends = 0;
  for (Seen& seen : service.seen()) {
    ++sends;
    calls[seen.query("c")].push_back(std::move(seen));
  }
  std::map<std::string, std::int64_t> marks = count_marks(sql, faults);
  std::map<std::string, std::string> keys;
  for (const auto& [call, all] : calls) check_call(call, all, marks[call], keys);
  fmt::print("{} calls, {} sends, {} surplus\n", calls.size(), sends, sends - calls.size());
}

}  // namespace

void begin_audit(const Sql& sql) { static_cast<void>(sql.rows(kAudit)); }

void check_cluster(const ClusterWorld& world, FakeService& service) {
  const Sql sql(world.url());
  check_ends(sql, world.accepted());
  check_owners(sql);
  check_taken(world, sql);
  check_sends(sql, world.faults(), service);
}

std::vector<milliseconds> take_overs(const ClusterWorld& world, const std::string& kind) {
  const std::vector<Fault> faults = world.faults();
  std::vector<milliseconds> times;
  for (const Row& row : taken(Sql(world.url()))) {
    const Fault* fault = last_fault(faults, row[1], wall_of(row[2]));
    if (fault == nullptr || fault->kind != kind || row[3].empty()) continue;
    times.push_back(std::chrono::duration_cast<milliseconds>(wall_of(row[3]) - fault->at));
  }
  std::sort(times.begin(), times.end());
  return times;
}

std::vector<milliseconds> hand_overs(const ClusterWorld& world) {
  std::string terminated = "''";
  for (const Fault& fault : world.faults()) {
    if (fault.kind == "term") terminated += fmt::format(", '{}'", fault.process);
  }
  std::vector<milliseconds> times;
  for (const Row& row :
       Sql(world.url())
           .rows("SELECT (extract(epoch FROM (SELECT c.at FROM audit.runs c WHERE c.run = a.run"
                 " AND c.n > a.n AND c.node <> '' ORDER BY c.n LIMIT 1) - a.at) * 1000)::bigint AS "
                 "wait"
                 " FROM audit.runs a WHERE a.old_node <> '' AND a.node = '' AND a.state = 'queued'"
                 " AND a.writer IN (" +
                 terminated + ") ORDER BY wait")) {
    EXPECT_FALSE(row[0].empty()) << "a run that was handed back was never claimed";
    if (!row[0].empty()) times.emplace_back(std::stoll(row[0]));
  }
  return times;
}

milliseconds percentile(const std::vector<milliseconds>& sorted, int p) {
  if (sorted.empty()) return milliseconds{0};
  return sorted[std::min(sorted.size() - 1, sorted.size() * static_cast<std::size_t>(p) / 100)];
}

std::int64_t writes(const ClusterWorld& world, const std::string& process, Wall since) {
  return Sql(world.url())
      .number(fmt::format("SELECT count(*) FROM audit.steps WHERE writer = '{}' AND at > {}",
                          process, since_1970(since)));
}

}  // namespace pilot::e2e
