// execution_plans and plan_versions. The document is read from the versions, where it stands
// exactly as it was given; the plan's own row has it as jsonb for readers of the old service's
// table.
#include "model/limits.h"
#include "store/postgres/pages.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/schedule_rows.h"

namespace pilot::store::postgres {
namespace {

Error no_plan(const PlanId& id) { return not_found("there is no plan " + id.text); }

constexpr SqlText kSelectPlan =
    "SELECT p.user_id, p.id, p.name, p.status, p.version, p.created_at, p.updated_at,"
    " p.original_prompt, p.plain_english_steps, p.required_providers, p.\"trigger\", v.plan_json"
    " FROM execution_plans p LEFT JOIN plan_versions v ON v.user_id = p.user_id"
    " AND v.plan_id = p.id AND v.version = p.version WHERE p.user_id = $1";

constexpr char kLastText[] = "\xF4\x8F\xBF\xBF";  // after every id

StoredPlan read_plan(Rows& row) {
  StoredPlan plan;
  plan.user = {row.text()};
  plan.id = {row.text()};
  plan.name = row.text();
  plan.status = row.text();
  plan.version = row.small();
  plan.created_at = row.time();
  plan.updated_at = row.time();
  plan.original_prompt = row.text();
  plan.plain_english_steps = row.texts();
  plan.required_providers = row.texts();
  plan.trigger = row.json();
  plan.document = row.json();
  return plan;
}

PlanVersion read_version(Rows& row, const PlanId& id) {
  PlanVersion version;
  version.plan = id;
  version.version = row.small();
  version.name = row.text();
  version.created_at = row.time();
  version.document = row.json();
  return version;
}

// `expected`: as save_plan() of migrations/postgres takes it.
Command save(const StoredPlan& plan, int expected) {
  static constexpr char kSave[] = "SELECT outcome, stored FROM save_plan($1, $2, $3, $4, $5)";
  Command command{kSave, {}};
  command.params.json(plan_row(plan)).json(plan.document).small(expected);
  command.params.json(plan.schedule ? schedule_row(*plan.schedule) : Json(nullptr));
  command.params.integer(limits::kSchedules);
  return command;
}

}  // namespace

awaitable<Status> PostgresStore::create_plan(StoredPlan plan) {
  auto read = [](Answers) -> Status { return ok(); };
  return writing(one_step(plan.user, save(plan, -1)), read, 2);
}

awaitable<Result<int>> PostgresStore::update_plan(StoredPlan plan, int expected_version) {
  auto read = [id = plan.id, expected_version](Answers answers) -> Result<int> {
    if (!answers[0].next()) return no_plan(id);
    const std::string outcome = answers[0].text();
    const int stored = answers[0].small();
    if (outcome == "not_found") return no_plan(id);
    if (outcome == "version_conflict") {
      return conflict("version_conflict",
                      fmt::format("plan {} has version {}, not {}: somebody changed it; read it "
                                  "again and repeat the change",
                                  id.text, stored, expected_version));
    }
    return stored;
  };
  return writing(one_step(plan.user, save(plan, expected_version)), std::move(read), 2);
}

awaitable<Result<StoredPlan>> PostgresStore::find_plan(UserId user, PlanId id) {
  static constexpr auto kFind = kSelectPlan + " AND p.id = $2";
  Command command{kFind.text, {}};
  command.params.text(user.text).text(id.text);
  auto read = [id](Answers answers) -> Result<StoredPlan> {
    if (!answers[0].next()) return no_plan(id);
    return read_plan(answers[0]);
  };
  return reading(one_step(user, std::move(command)), std::move(read));
}

awaitable<Result<Page<StoredPlan>>> PostgresStore::list_plans(UserId user, std::string status,
                                                              PageRequest page) {
  static constexpr auto kList =
      kSelectPlan + " AND p.id < $2 AND ($3 = '' OR p.status = $3) ORDER BY p.id DESC LIMIT $4";
  const auto before = read_id_cursor(page.cursor);
  if (!before) co_return before.error();
  const std::int64_t limit = page_limit(page);
  Command command{kList.text, {}};
  command.params.text(user.text).text(before->value_or(kLastText)).text(status).integer(limit + 1);
  auto read = [limit](Answers answers) -> Result<Page<StoredPlan>> {
    return read_page<StoredPlan>(answers[0], limit, &read_plan,
                                 [](const StoredPlan& plan) { return id_cursor(plan.id.text); });
  };
  co_return co_await reading(one_step(user, std::move(command)), std::move(read));
}

awaitable<Status> PostgresStore::remove_plan(UserId user, PlanId id) {
  static constexpr char kRemove[] = "DELETE FROM execution_plans WHERE user_id = $1 AND id = $2";
  static constexpr char kRemoveSchedule[] = "DELETE FROM schedules WHERE user_id = $1 AND id = $2";
  Steps steps = one_step(user, {kRemove, {}});
  steps[0].commands.push_back({kRemoveSchedule, {}});
  for (Command& command : steps[0].commands) command.params.text(user.text).text(id.text);
  auto read = [id](Answers answers) -> Status {
    return answers[0].affected() == 0 ? Status(no_plan(id)) : ok();
  };
  return writing(std::move(steps), std::move(read));
}

awaitable<Result<PlanVersion>> PostgresStore::find_version(UserId user, PlanId id, int version) {
  static constexpr char kVersion[] =
      "SELECT version, name, created_at, plan_json FROM plan_versions"
      " WHERE user_id = $1 AND plan_id = $2 AND version = $3";
  Command command{kVersion, {}};
  command.params.text(user.text).text(id.text).small(version);
  auto read = [id, version](Answers answers) -> Result<PlanVersion> {
    if (!answers[0].next()) {
      return not_found(fmt::format("plan {} has no version {}", id.text, version));
    }
    return read_version(answers[0], id);
  };
  return reading(one_step(user, std::move(command)), std::move(read));
}

// Newest first.
awaitable<Result<std::vector<PlanVersion>>> PostgresStore::list_versions(UserId user, PlanId id) {
  static constexpr char kVersions[] =
      "SELECT version, name, created_at, plan_json FROM plan_versions"
      " WHERE user_id = $1 AND plan_id = $2 ORDER BY version DESC";
  Command command{kVersions, {}};
  command.params.text(user.text).text(id.text);
  auto read = [id](Answers answers) -> Result<std::vector<PlanVersion>> {
    std::vector<PlanVersion> found;
    while (answers[0].next()) found.push_back(read_version(answers[0], id));
    if (found.empty()) return no_plan(id);
    return found;
  };
  return reading(one_step(user, std::move(command)), std::move(read));
}

}  // namespace pilot::store::postgres
