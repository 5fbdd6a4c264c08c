// execution_plans and plan_versions.
#include "store/cursor.h"
#include "store/sql_text.h"
#include "store/sqlite/schedule_rows.h"
#include "store/sqlite/sqlite_store.h"

namespace pilot::store::sqlite {
namespace {

std::string json_list(const std::vector<std::string>& texts) {
  return to_json(JsonArray(texts.begin(), texts.end()));
}

std::vector<std::string> texts_of(const Json& list) {
  std::vector<std::string> texts;
  if (const JsonArray* items = list.if_array()) {
    for (const Json& item : *items) {
      if (const auto* text = item.if_string()) texts.emplace_back(as_view(*text));
    }
  }
  return texts;
}

std::optional<std::string> json_or_null(const Json& value) {
  if (value.is_null()) return std::nullopt;
  return to_json(value);
}

Error no_plan(const PlanId& id) { return not_found("there is no plan " + id.text); }

constexpr SqlText kSelectPlan =
    "SELECT id, name, status, version, created_at, updated_at, original_prompt,"
    " plain_english_steps, required_providers, \"trigger\", plan_json FROM execution_plans ";

StoredPlan read_plan(Query& row, const UserId& user) {
  StoredPlan plan;
  plan.user = user;
  plan.id = {row.text()};
  plan.name = row.text();
  plan.status = row.text();
  plan.version = row.small();
  plan.created_at = row.time();
  plan.updated_at = row.time();
  plan.original_prompt = row.text();
  plan.plain_english_steps = texts_of(row.json());
  plan.required_providers = texts_of(row.json());
  plan.trigger = row.json();
  plan.document = row.json();
  return plan;
}

Status put_plan(Connection& db, const StoredPlan& plan, int version) {
  static constexpr char kPut[] =
      "INSERT INTO execution_plans (user_id, id, name, status, version, created_at, updated_at,"
      " original_prompt, plain_english_steps, required_providers, \"trigger\", plan_json)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
  const std::string steps = json_list(plan.plain_english_steps);
  const std::string providers = json_list(plan.required_providers);
  const auto trigger = json_or_null(plan.trigger);
  const auto document = json_or_null(plan.document);
  return db.query(kPut)
      .bind(plan.user.text, plan.id.text, plan.name, plan.status, version, plan.created_at,
            plan.updated_at, plan.original_prompt, steps, providers, trigger, document)
      .run();
}

Status put_version(Connection& db, const StoredPlan& plan, int version, WallTime at) {
  static constexpr char kPut[] =
      "INSERT INTO plan_versions (user_id, plan_id, version, name, created_at, plan_json)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
  const auto document = json_or_null(plan.document);
  return db.query(kPut).bind(plan.user.text, plan.id.text, version, plan.name, at, document).run();
}

// The plan's own schedule, as the plan now has it.
Status write_schedule(Connection& db, const StoredPlan& plan, int version) {
  if (!plan.schedule) return remove_schedule_row(db, plan.user, {plan.id.text});
  Schedule schedule = *plan.schedule;
  schedule.user = plan.user;
  schedule.id = {plan.id.text};
  schedule.plan = plan.id;
  schedule.plan_version = version;
  return put_schedule_row(db, schedule);
}

Status create(Connection& db, const StoredPlan& plan) {
  Status done = put_plan(db, plan, 1);
  if (done) done = put_version(db, plan, 1, plan.created_at);
  if (done && plan.schedule) done = write_schedule(db, plan, 1);
  return done;
}

Result<int> update(Connection& db, const StoredPlan& plan, int expected) {
  static constexpr char kVersion[] =
      "SELECT version FROM execution_plans WHERE user_id = ?1 AND id = ?2";
  static constexpr char kUpdate[] =
      "UPDATE execution_plans SET name = ?3, status = ?4, version = ?5, updated_at = ?6,"
      " original_prompt = ?7, plain_english_steps = ?8, required_providers = ?9,"
      " \"trigger\" = ?10, plan_json = ?11 WHERE user_id = ?1 AND id = ?2";
  int stored = 0;
  {
    Query row = db.query(kVersion);
    if (!row.bind(plan.user.text, plan.id.text).next()) {
      return row.status() ? no_plan(plan.id) : row.status().error();
    }
    stored = row.small();
  }
  if (expected != 0 && expected != stored) {
    return conflict("version_conflict",
                    fmt::format("plan {} has version {}, not {}: somebody changed it; read it "
                                "again and repeat the change",
                                plan.id.text, stored, expected));
  }
  const std::string steps = json_list(plan.plain_english_steps);
  const std::string providers = json_list(plan.required_providers);
  const auto trigger = json_or_null(plan.trigger);
  const auto document = json_or_null(plan.document);
  Status done =
      db.query(kUpdate)
          .bind(plan.user.text, plan.id.text, plan.name, plan.status, stored + 1, plan.updated_at,
                plan.original_prompt, steps, providers, trigger, document)
          .run();
  if (done) done = put_version(db, plan, stored + 1, plan.updated_at);
  if (done) done = write_schedule(db, plan, stored + 1);
  if (!done) return done.error();
  return stored + 1;
}

Result<StoredPlan> find(Connection& db, const UserId& user, const PlanId& id) {
  static constexpr auto kFind = kSelectPlan + "WHERE user_id = ?1 AND id = ?2";
  Query row = db.query(kFind.text);
  if (!row.bind(user.text, id.text).next()) {
    return row.status() ? no_plan(id) : row.status().error();
  }
  StoredPlan plan = read_plan(row, user);
  if (!row.status()) return row.status().error();
  return plan;
}

Result<Page<StoredPlan>> list(Connection& db, const UserId& user, const std::string& status,
                              const PageRequest& request) {
  static constexpr auto kList = kSelectPlan +
                                "WHERE user_id = ?1 AND id < ?2 AND (?3 = '' OR status = ?3)"
                                " ORDER BY id DESC LIMIT ?4";
  const auto before = read_id_cursor(request.cursor);
  if (!before) return before.error();
  const std::int64_t limit = page_limit(request);
  Query rows = db.query(kList.text);
  if (before->has_value()) {
    rows.bind(user.text, **before, status, limit + 1);
  } else {
    rows.bind(user.text, Query::AfterAllText{}, status, limit + 1);
  }
  Page<StoredPlan> page;
  while (rows.next()) {
    if (std::ssize(page.items) == limit || rows.bytes_read() > kPageBytes) {
      page.next_cursor = id_cursor(page.items.back().id.text);
      break;
    }
    page.items.push_back(read_plan(rows, user));
  }
  if (!rows.status()) return rows.status().error();
  return page;
}

Status remove(Connection& db, const UserId& user, const PlanId& id) {
  static constexpr char kRemove[] = "DELETE FROM execution_plans WHERE user_id = ?1 AND id = ?2";
  if (Status done = db.query(kRemove).bind(user.text, id.text).run(); !done) return done;
  if (db.changes() == 0) return no_plan(id);
  return remove_schedule_row(db, user, {id.text});
}

// Newest first.
Result<std::vector<PlanVersion>> versions(Connection& db, const UserId& user, const PlanId& id) {
  static constexpr char kVersions[] =
      "SELECT version, name, created_at, plan_json FROM plan_versions"
      " WHERE user_id = ?1 AND plan_id = ?2 ORDER BY version DESC";
  Query rows = db.query(kVersions);
  rows.bind(user.text, id.text);
  std::vector<PlanVersion> found;
  while (rows.next()) {
    PlanVersion& row = found.emplace_back();
    row.plan = id;
    row.version = rows.small();
    row.name = rows.text();
    row.created_at = rows.time();
    row.document = rows.json();
  }
  if (!rows.status()) return rows.status().error();
  if (found.empty()) return no_plan(id);
  return found;
}

Result<PlanVersion> one_version(Connection& db, const UserId& user, const PlanId& id, int version) {
  static constexpr char kVersion[] =
      "SELECT version, name, created_at, plan_json FROM plan_versions"
      " WHERE user_id = ?1 AND plan_id = ?2 AND version = ?3";
  Query row = db.query(kVersion);
  if (!row.bind(user.text, id.text, version).next()) {
    if (!row.status()) return row.status().error();
    return not_found(fmt::format("plan {} has no version {}", id.text, version));
  }
  PlanVersion found;
  found.plan = id;
  found.version = row.small();
  found.name = row.text();
  found.created_at = row.time();
  found.document = row.json();
  if (!row.status()) return row.status().error();
  return found;
}

}  // namespace

awaitable<Status> SqliteStore::create_plan(StoredPlan plan) {
  return writer_.run([plan = std::move(plan)](Connection& db) { return create(db, plan); }, 2);
}

awaitable<Result<int>> SqliteStore::update_plan(StoredPlan plan, int expected_version) {
  return writer_.run([plan = std::move(plan), expected_version](
                         Connection& db) { return update(db, plan, expected_version); },
                     2);
}

awaitable<Result<StoredPlan>> SqliteStore::find_plan(UserId user, PlanId id) {
  return readers_.run(
      [user = std::move(user), id = std::move(id)](Connection& db) { return find(db, user, id); });
}

awaitable<Result<Page<StoredPlan>>> SqliteStore::list_plans(UserId user, std::string status,
                                                            PageRequest page) {
  return readers_.run([user = std::move(user), status = std::move(status), page = std::move(page)](
                          Connection& db) { return list(db, user, status, page); });
}

awaitable<Status> SqliteStore::remove_plan(UserId user, PlanId id) {
  return writer_.run([user = std::move(user), id = std::move(id)](Connection& db) {
    return remove(db, user, id);
  });
}

awaitable<Result<PlanVersion>> SqliteStore::find_version(UserId user, PlanId id, int version) {
  return readers_.run([user = std::move(user), id = std::move(id), version](Connection& db) {
    return one_version(db, user, id, version);
  });
}

awaitable<Result<std::vector<PlanVersion>>> SqliteStore::list_versions(UserId user, PlanId id) {
  return readers_.run([user = std::move(user), id = std::move(id)](Connection& db) {
    return versions(db, user, id);
  });
}

}  // namespace pilot::store::sqlite
