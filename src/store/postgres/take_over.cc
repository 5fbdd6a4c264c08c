// See store/take_over.h; what happens to the rows stands in migrations/postgres/take_over.
#include "store/take_over.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <set>

#include "base/log.h"
#include "store/postgres/take_over_secrets.h"

namespace pilot::store {
namespace {

using postgres::Session;

// With what each must have to be the old service's.
struct OldTable {
  const char* name;
  std::vector<std::string> columns;
};
const std::vector<OldTable>& old_tables() {
  static const std::vector<OldTable> kAll{
      {"execution_plans", {"id", "user_id", "plan_json"}},
      {"provider_credentials", {"user_id", "provider", "encrypted_value"}},
      {"execution_logs", {"user_id", "plan_id", "status"}},
      {"custom_integrations", {"id", "user_id", "name"}},
      {"custom_integration_actions", {"integration_id", "action_id"}},
      {"custom_integration_credentials", {"integration_id", "encrypted_value"}}};
  return kAll;
}

constexpr char kPilots[] =
    "SELECT relname::text FROM pg_class WHERE relname = 'pilot_schema'"
    " AND relnamespace = 'public'::regnamespace";
constexpr char kTakenOver[] =
    "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'old_service' AND c.relname = 'take_over'";
constexpr char kSettings[] =
    "SET LOCAL timezone = 'UTC'; SET LOCAL search_path = public; SET LOCAL statement_timeout = 0;"
    " SET LOCAL idle_in_transaction_session_timeout = 0";
// The tables are ours from then on: what else there is to wait for is worth waiting for.
constexpr char kPatient[] = "SET LOCAL lock_timeout = 0";
std::string impatient(Millis wait) {
  return fmt::format("SET LOCAL lock_timeout = {}", wait.count());
}
constexpr char kAsLogin[] = "SET LOCAL ROLE NONE";
constexpr char kTime[] = "YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"";

// Nothing that is built on them goes with them.
constexpr char kDrop[] = R"(
  DO $drop$
  DECLARE
    tables text;
    function regprocedure;
  BEGIN
    SELECT string_agg(format('old_service.%I', relname), ', ') INTO tables FROM pg_class
      WHERE relnamespace = 'old_service'::regnamespace AND relkind IN ('r', 'p');
    EXECUTE 'DROP TABLE ' || tables;
    FOR function IN SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = 'old_service'::regnamespace LOOP
      EXECUTE 'DROP ROUTINE ' || function;
    END LOOP;
  END
  $drop$;
  DROP SCHEMA old_service)";

std::int64_t number(const std::optional<std::string>& text) {
  std::int64_t value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

Result<bool> there(Session& session, const std::string& question) {
  const auto found = session.value(question);
  if (!found) return found.error();
  return found->has_value();
}

Error not_old_service(const std::string& why) {
  return conflict("not_old_service", why +
                                         ". Nothing was changed. Is this the right database? A new "
                                         "one is made Pilot's by: pilot migrate");
}

Error explained(const Error& cause) {
  Error error = cause;
  if (cause.code == "database_locked") {
    error.message =
        "the old service (or somebody else) is using its tables. Stop it, and take over again. "
        "Nothing was changed";
  } else if (cause.code == "database_permission") {
    error.message = fmt::format(
        "the database login may not take the database over ({}). Use one that owns the old tables "
        "and the database, and may create roles. Nothing was changed",
        cause.message);
  }
  return error;
}

// Whether there is something to take over, and it is what it looks like.
Status check_old_tables(Session& session) {
  const auto columns = session.rows(
      "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
      " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
      " AND a.attnum > 0 AND NOT a.attisdropped");
  if (!columns) return columns.error();
  std::set<std::pair<std::string, std::string>> known;
  std::set<std::string> tables;
  for (const Session::Row& row : *columns) {
    tables.insert(row[0].value_or(""));
    known.emplace(row[0].value_or(""), row[1].value_or(""));
  }
  bool any = false;
  for (const OldTable& table : old_tables()) {
    if (!tables.contains(table.name)) continue;
    any = true;
    for (const std::string& column : table.columns) {
      if (known.contains({table.name, column})) continue;
      return not_old_service(fmt::format(
          "the table {} is not the old service's: it has no column {}", table.name, column));
    }
  }
  if (any) return ok();
  return not_old_service("this database has none of the old service's tables");
}

// Tables that Pilot makes, from its migrations.
std::vector<std::string> new_tables() {
  std::vector<std::string> names;
  constexpr std::string_view kCreate = "\nCREATE TABLE ";
  for (const Migration& migration : postgres_migrations()) {
    const std::string_view sql = migration.sql;
    for (auto at = sql.find(kCreate); at != sql.npos; at = sql.find(kCreate, at + 1)) {
      const std::string_view rest = sql.substr(at + kCreate.size());
      names.emplace_back(rest.substr(0, rest.find_first_of(" (\n")));
    }
  }
  return names;
}

// What stands in the way belongs to somebody else and cannot be moved behind their back.
Status check_names(Session& session) {
  std::string array = "{";
  for (const std::string& name : new_tables()) array += (array.size() > 1 ? "," : "") + name;
  const auto taken = session.rows(
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
      " AND relname = ANY($1::text[]) ORDER BY 1",
      {array + "}"});
  if (!taken) return taken.error();
  if (taken->empty()) return ok();
  std::vector<std::string> names;
  for (const Session::Row& row : *taken) names.push_back(row[0].value_or(""));
  return conflict(
      "name_taken",
      fmt::format("the schema public holds tables that are neither the old service's "
                  "nor Pilot's, and Pilot needs their names: {}. Move them into another "
                  "schema, or take over a copy of the old service's tables in a "
                  "database of its own. Nothing was changed",
                  fmt::join(names, ", ")));
}

Status name_providers(Session& session, const TakeOverOptions& options) {
  if (!options.provider_name) return ok();
  const auto providers = session.rows(
      "SELECT DISTINCT r ->> 'provider' FROM old_service.rows_provider_credentials"
      " WHERE r ->> 'provider' <> ''");
  if (!providers) return providers.error();
  for (const Session::Row& row : *providers) {
    const std::string was = row[0].value_or("");
    const std::string name = options.provider_name(was);
    if (name == was) continue;
    const auto put = session.value(
        "INSERT INTO old_service.provider_names VALUES ($1, $2) RETURNING was", {was, name});
    if (!put) return put.error();
  }
  return ok();
}

// The credentials that no key opens, as the JSON that old_service.take_over keeps; empty: no key.
Result<std::string> unreadable(Session& session, const TakeOverOptions& options) {
  if (!options.can_open) return std::string();
  const Status begun = session.execute(
      "SET LOCAL ROLE pilot_system; DECLARE sealed NO SCROLL CURSOR FOR"
      " SELECT user_id, provider, type, encrypted_value FROM public.provider_credentials"
      " UNION ALL SELECT c.user_id, i.name, c.credential_type, c.encrypted_value"
      " FROM public.custom_integration_credentials c JOIN public.custom_integrations i"
      " ON i.user_id = c.user_id AND i.id = c.integration_id");
  if (!begun) return begun.error();
  JsonArray closed;
  for (;;) {
    const auto some = session.rows("FETCH 500 FROM sealed");
    if (!some) return some.error();
    if (some->empty()) break;
    for (const Session::Row& row : *some) {
      if (options.can_open(row[3].value_or(""))) continue;
      closed.push_back(JsonObject{{"user_id", row[0].value_or("")},
                                  {"provider", row[1].value_or("")},
                                  {"type", row[2].value_or("")}});
    }
  }
  if (Status ended = session.execute(std::string("CLOSE sealed; ") + kAsLogin); !ended) {
    return ended.error();
  }
  return to_json(closed);
}

// Within the transaction, under the lock.
Status take_over(Session& session, const TakeOverOptions& options) {
  if (Status old = check_old_tables(session); !old) return old;
  if (Status set = session.execute(impatient(options.lock_wait)); !set) return set;
  const std::vector<Migration>& steps = take_over_migrations();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (i + 1 == steps.size()) {
      const Result<std::string> closed = unreadable(session, options);
      if (!closed) return closed.error();
      const auto noted = session.value(
          "INSERT INTO old_service.take_over (unreadable) VALUES (nullif($1, '')::jsonb)"
          " RETURNING at::text",
          {*closed});
      if (!noted) return noted.error();
    }
    if (Status done = session.execute(steps[i].sql); !done) {
      return done.error().prefixed("take-over step " + steps[i].name);
    }
    if (steps[i].name == "01_aside") {
      if (Status patient = session.execute(kPatient); !patient) return patient;
      if (Status free = check_names(session); !free) return free;
      for (const Migration& migration : postgres_migrations()) {
        if (Status applied = postgres::apply_migration(session, migration); !applied) {
          return applied;
        }
        if (Status login = session.execute(kAsLogin); !login) return login;
      }
    } else if (steps[i].name == "02_read") {
      if (Status named = name_providers(session, options); !named) return named;
    } else if (steps[i].name == "06_custom_integrations") {
      if (Status sealed = postgres::seal_secrets(session, options); !sealed) return sealed;
    }
  }
  return ok();
}

void read_note(TakenTable& table, const Session::Row& row) {
  const std::string outcome = row[1].value_or("");
  const std::string reason = row[2].value_or("");
  const std::int64_t rows = number(row[3]);
  if (!reason.empty()) {
    table.notes.push_back({outcome, reason, rows});
  } else if (outcome == "rows") {
    table.there = true;
    table.rows = rows;
  } else {
    (outcome == "taken" ? table.taken : outcome == "changed" ? table.changed : table.left) = rows;
  }
}

Result<TakeOverReport> read_report(Session& session) {
  TakeOverReport report;
  for (const OldTable& table : old_tables()) report.tables.push_back({.name = table.name});
  const auto notes = session.rows(
      "SELECT table_name, outcome, reason, rows FROM old_service.take_over_notes"
      " ORDER BY outcome, rows DESC, reason");
  if (!notes) return notes.error();
  for (const Session::Row& row : *notes) {
    for (TakenTable& table : report.tables) {
      if (table.name == row[0]) read_note(table, row);
    }
  }
  const auto taken = session.rows(
      "SELECT to_char(at AT TIME ZONE 'UTC', $1), unreadable IS NOT NULL, unreadable,"
      " schedules_made_at IS NOT NULL FROM old_service.take_over",
      {kTime});
  if (!taken) return taken.error();
  if (taken->empty()) return internal_error("old_service.take_over is empty");
  const Session::Row& row = taken->front();
  const Result<WallTime> at = parse_rfc3339(row[0].value_or(""));
  if (!at) return at.error();
  report.at = *at;
  report.keys_tried = row[1] == "t";
  report.schedules_made = row[3] == "t";
  const Result<Json> closed = parse_json(
      row[2].value_or("[]"), {.max_bytes = std::size_t{1} << 30, .max_keys = 100'000'000});
  if (!closed) return closed.error();
  for (const Json& one : closed->get_array()) {
    report.unreadable.push_back({std::string(string_or(one, "user_id")),
                                 std::string(string_or(one, "provider")),
                                 std::string(string_or(one, "type"))});
  }
  return report;
}

// Pilot's database already.
Result<TakeOverReport> already(Session& session) {
  const Result<bool> known = there(session, kTakenOver);
  if (!known) return known.error();
  Result<TakeOverReport> report{TakeOverReport{}};
  if (*known) report = read_report(session);
  if (report) report->already = true;
  return report;
}

}  // namespace

Result<TakeOverReport> take_over_postgres(const std::string& url, const TakeOverOptions& options,
                                          Log& log) {
  Result<Session> session = Session::open(url);
  if (!session) return session.error();
  for (const char* sql : {"BEGIN", postgres::kMigrationLock, kSettings}) {
    if (Status done = session->execute(sql); !done) return done.error();
  }
  const Result<bool> pilots = there(*session, kPilots);
  if (!pilots) return pilots.error();
  if (*pilots) return already(*session);
  if (Status taken = take_over(*session, options); !taken) return explained(taken.error());
  Result<TakeOverReport> report = read_report(*session);
  if (!report) return report.error();
  if (Status committed = session->execute("COMMIT"); !committed) return committed.error();
  log.info("database: taken over from the old service, whose tables are in the schema old_service");
  return report;
}

Result<std::vector<PlanKey>> old_plans(const std::string& url) {
  Result<Session> session = Session::open(url);
  if (!session) return session.error();
  std::vector<PlanKey> plans;
  const auto table = session->value("SELECT to_regclass('old_service.execution_plans')::text");
  if (!table) return table.error();
  if (!table->has_value()) return plans;
  const auto rows =
      session->rows("SELECT user_id, id FROM old_service.execution_plans ORDER BY user_id, id");
  if (!rows) return rows.error();
  for (const Session::Row& row : *rows) {
    if (row[0] && row[1]) plans.push_back({{*row[0]}, {*row[1]}});
  }
  return plans;
}

Status finish_take_over(const std::string& url) {
  Result<Session> session = Session::open(url);
  if (!session) return session.error();
  return session->execute(
      "UPDATE old_service.take_over SET schedules_made_at = now() WHERE schedules_made_at IS NULL");
}

Result<std::vector<std::string>> drop_old_tables(const std::string& url) {
  Result<Session> session = Session::open(url);
  if (!session) return session.error();
  for (const char* sql : {"BEGIN", postgres::kMigrationLock, kSettings}) {
    if (Status done = session->execute(sql); !done) return done.error();
  }
  const Result<bool> known = there(*session, kTakenOver);
  if (!known) return known.error();
  if (!*known) return not_found("there are no old tables to drop: no schema old_service of ours");
  const Result<bool> finished =
      there(*session, "SELECT at FROM old_service.take_over WHERE schedules_made_at IS NOT NULL");
  if (!finished) return finished.error();
  if (!*finished) {
    return conflict("take_over_unfinished",
                    "the take-over was interrupted before all schedules were made. Finish it with: "
                    "pilot migrate --from-old");
  }
  const auto tables = session->rows(
      "SELECT relname FROM pg_class WHERE relnamespace = 'old_service'::regnamespace"
      " AND relkind IN ('r', 'p') AND relname NOT LIKE 'take\\_over%' ORDER BY 1");
  if (!tables) return tables.error();
  std::vector<std::string> names;
  for (const Session::Row& row : *tables) names.push_back(row[0].value_or(""));
  if (Status set = session->execute(impatient(TakeOverOptions{}.lock_wait)); !set) {
    return set.error();
  }
  if (Status dropped = session->execute(kDrop); !dropped) {
    Error error = dropped.error();
    if (error.code == "database_in_use") {
      error.message = "something else is built on the old tables; remove that first. " +
                      error.message + ". Nothing was dropped";
    }
    return explained(error);
  }
  if (Status committed = session->execute("COMMIT"); !committed) return committed.error();
  return names;
}

}  // namespace pilot::store
