// The statements that pgbench runs: the rows are those that Pilot leaves in the tables.
#include <fmt/format.h>

#include "pgbench.h"

namespace pilot::bench {
namespace {

constexpr std::string_view kPlan = "01a20000-0000-7000-8000-000000000001";
constexpr std::string_view kNode = "01a20000-0000-7000-8000-00000000000a";
constexpr std::string_view kKey = "5fa969de-4349-8770-a6df-0d5401e82ce4";
constexpr std::string_view kRunColumns =
    "user_id, id, plan_id, plan_version, plan_name, state, reason, wake_at, created_at, started_at,"
    " finished_at, deadline, retry_of, node, epoch, revision, total_steps, error, inputs,"
    " \"trigger\", document, output, schedule_id";
constexpr std::string_view kLogColumns =
    "user_id, run_id, seq, revision, plan_id, plan_name, step_number, step_id, item_path, visit,"
    " attempt, provider, action, status, message, latency_ms, idempotency_key, http_status,"
    " wake_at, started_at, finished_at, error_detail, metadata, output, error, error_code,"
    " output_preview";
// A hundred executions: their ids differ in these.
constexpr std::string_view kHundred = "generate_series(100, 199) AS e";

struct LogRow {
  int seq = 1;
  std::string step;
  std::string action;  // provider and action: 'logic', 'set'
  bool done = true;    // false: the mark before a call
  std::string key;     // idempotency key
  std::string http_status = "NULL";
  std::string message;
  std::string output;
  int revision() const { return seq + 1; }
};

// A space after each colon before a letter: ":true" would be one of pgbench's variables.
constexpr std::string_view kPostOutput =
    R"({"status":200,"body":{"ok": true},"headers":{"server":"nginx/1.22.1","date":"Mon, 23 Nov )"
    R"(2026 02:18:41 GMT","content-type":"application/json","content-length":"11"}})";

std::vector<LogRow> steps_of(std::string_view workload) {
  if (workload == "W2") {
    return {{1, "first", "'logic', 'set'", true, "", "NULL", "", R"({"count":3,"name":"grinder"})"},
            {2, "second", "'logic', 'set'", true, "", "NULL", "",
             R"({"count":3,"title":"A grinder, please"})"},
            {3, "third", "'logic', 'set'", true, "", "NULL", "",
             R"({"order":{"title":"A grinder, please","count":3}})"}};
  }
  std::string item =
      R"({"status":200,"body":{"id":42,"name":"coffee grinder","price":19.9,"in_stock": true,)"
      R"("tags":["kitchen","steel"],"description":")";
  while (item.size() < 1'040) item += "abcdefghijklmnopqrstuvwxyz "[item.size() % 27];
  item += R"("},"headers":{"server":"nginx/1.22.1","date":"Mon, 23 Nov 2026 02:18:41 GMT",)"
          R"("content-type":"application/json","content-length":"1024"}})";
  return {{1, "fetch", "'http', 'get'", true, std::string(kKey), "200", "HTTP 200", item},
          {2, "pick", "'logic', 'set'", true, "", "NULL", "",
           R"({"name":"coffee grinder","price":19.9})"},
          {3, "send", "'http', 'post'", false, std::string(kKey), "NULL", "", ""}};
}

std::string output_of(std::string_view workload) {
  return workload == "W2" ? R"({"order":{"title":"A grinder, please","count":3}})"
                          : std::string(kPostOutput);
}

std::string preview(const std::string& output) { return output.substr(0, 500); }

// The values of a row of runs; in W1 it is written before it has ended.
std::string run_values(std::string_view workload, std::string_view id) {
  const bool ended = workload == "W2";
  return fmt::format(
      "'local', {}, '{}', 1, 'benchmark {}', '{}', '', NULL, now(), now(), {}, NULL, '', '{}', 1,"
      " 5, 3, NULL, '{{}}', '{{\"type\":\"manual\"}}', NULL, {}, ''",
      id, kPlan, workload, ended ? "success" : "running", ended ? "now()" : "NULL", kNode,
      ended ? "'" + output_of(workload) + "'" : "NULL");
}

std::string log_values(std::string_view workload, std::string_view id, const LogRow& row) {
  return fmt::format(
      "'local', {}, {}, {}, '{}', 'benchmark {}', {}, '{}', '', 1, 1, {}, '{}', '{}', 0, '{}',"
      " {}::integer, NULL::timestamptz, now(), {}::timestamptz, NULL::json, '{}'::json, {}::json,"
      " NULL, NULL, {}",
      id, row.seq, row.revision(), kPlan, workload, row.seq, row.step, row.action,
      row.done ? "success" : "running", row.message, row.key, row.http_status,
      row.done ? "now()" : "NULL", row.http_status == "200" ? R"({"status":200})" : "{}",
      row.done ? "'" + row.output + "'" : "NULL",
      row.done ? "'" + preview(row.output) + "'" : "NULL");
}

std::string insert_run(std::string_view workload, std::string_view id, std::string_view from) {
  return fmt::format("INSERT INTO runs ({}) SELECT {}{}", kRunColumns, run_values(workload, id),
                     from.empty() ? "" : fmt::format(" FROM {}", from));
}

// All of an execution's rows by one statement.
std::string insert_logs(std::string_view workload, std::string_view id, std::string_view from) {
  std::string text = fmt::format("INSERT INTO execution_logs ({})", kLogColumns);
  std::string_view between = " ";
  for (const LogRow& row : steps_of(workload)) {
    text += fmt::format("{}SELECT {} FROM {}", between, log_values(workload, id, row), from);
    between = " UNION ALL ";
  }
  return text;
}

// What W1 writes when its last call has come back. `ids`: "= ..." that both tables are asked with.
std::string end_log(std::string_view ids) {
  return fmt::format(
      "UPDATE execution_logs SET revision = 6, status = 'success', message = 'HTTP 200',"
      " latency_ms = 1, http_status = 200, finished_at = now(), metadata = '{{\"status\":200}}',"
      " output = '{0}', output_preview = '{0}' WHERE user_id = 'local' AND run_id {1}"
      " AND seq = 3",
      kPostOutput, ids);
}

std::string end_run(std::string_view ids) {
  return fmt::format(
      "UPDATE runs SET state = 'success', revision = 7, finished_at = now(), output = '{}'"
      " WHERE user_id = 'local' AND id {}",
      kPostOutput, ids);
}

std::string several(std::string_view workload, std::string_view id) {
  std::string text = "BEGIN;\n" + insert_run(workload, id, "") + ";\n";
  for (const LogRow& row : steps_of(workload)) {
    text += fmt::format("INSERT INTO execution_logs ({}) VALUES ({});\n", kLogColumns,
                        log_values(workload, id, row));
  }
  text += "COMMIT;\n";
  if (workload == "W2") return text;
  const std::string ids = fmt::format("= {}", id);
  return text + "BEGIN;\n" + end_log(ids) + ";\n" + end_run(ids) + ";\nCOMMIT;\n";
}

std::string one(std::string_view workload, std::string_view id) {
  std::string text =
      fmt::format("WITH i AS (SELECT {} AS id), r AS ({}) {};\n", id,
                  insert_run(workload, "i.id", "i"), insert_logs(workload, "i.id", "i"));
  if (workload == "W2") return text;
  const std::string ids = fmt::format("= {}", id);
  return text + fmt::format("WITH l AS ({}) {};\n", end_log(ids), end_run(ids));
}

std::string batch(std::string_view workload, std::string_view id, std::string_view start) {
  std::string text = fmt::format("BEGIN;\n{};\n{};\nCOMMIT;\n", insert_run(workload, id, kHundred),
                                 insert_logs(workload, id, kHundred));
  if (workload == "W2") return text;
  // The bounds choose the month when the statement is planned.
  const auto ids = [&](std::string_view column) {
    return fmt::format("= ANY (ARRAY(SELECT {} FROM {})) AND {} BETWEEN '{}' AND '{}~'", id,
                       kHundred, column, start, start);
  };
  return text +
         fmt::format("BEGIN;\n{};\n{};\nCOMMIT;\n", end_log(ids("run_id")), end_run(ids("id")));
}

}  // namespace

std::string PgbenchCase::script(std::string_view id_start) const {
  // Texts in the shape of a UUIDv7, whose time is each client's count: decimal digits are
  // hexadecimal digits, too, so that nothing has to be computed by the server.
  const std::string id = fmt::format("('{}-' || :a || '-7' || :b || '-8' || {} || '-' || :d)",
                                     id_start, way == PgbenchWay::batch ? "e" : ":c");
  std::string text =
      "\\set n :n + 1\n\\set a 1000 + :n / 900 % 9000\n\\set b 100 + :n % 900\n"
      "\\set c random(100, 999)\n\\set d random(100000000000, 999999999999)\n";
  switch (way) {
    case PgbenchWay::several:
      return text + several(workload, id);
    case PgbenchWay::one:
      return text + one(workload, id);
    case PgbenchWay::batch:
      return text + batch(workload, id, id_start);
  }
  return text;
}

}  // namespace pilot::bench
