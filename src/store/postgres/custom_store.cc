// custom_integrations, their actions and their credentials. Credentials are ciphertext here; no
// message names one.
#include <array>

#include "store/postgres/pages.h"
#include "store/postgres/postgres_store.h"
#include "store/read_custom.h"

namespace pilot::store::postgres {
namespace {

constexpr char kLastText[] = "\xF4\x8F\xBF\xBF";  // after every id

struct Owned {
  std::string owner;  // the integration's id
  CustomAction action;
};

std::optional<std::string> text_or_null(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

// The first fifteen parameters of both statements.
void add_columns(Params& params, const CustomIntegration& given) {
  params.text(given.user.text).text(given.id.text).text(given.name).text(given.display_name);
  params.text(given.description).text(given.auth_type).text(given.base_url);
  params.maybe_text(text_or_null(given.auth_header)).maybe_text(given.auth_prefix);
  params.boolean(given.is_active).time(given.updated_at).text(given.updated_by);
  params.jsonb(given.oauth_config).json(given.manifest).json(given.summary);
}

// All of them at once; nothing when the integration itself is not there.
Command put_actions(const CustomIntegration& owner) {
  static constexpr char kPut[] =
      "INSERT INTO custom_integration_actions (user_id, integration_id, action_id, id, action_name,"
      " description, http_method, endpoint, created_at, updated_at, parameters)"
      " SELECT $1, $2, a.action_id, a.id, a.action_name, a.description, a.http_method, a.endpoint,"
      " a.created_at, a.updated_at, a.parameters::jsonb"
      " FROM unnest($3, $4, $5, $6, $7, $8, $9, $10, $11) AS a(action_id, id, action_name,"
      " description, http_method, endpoint, created_at, updated_at, parameters)"
      " WHERE EXISTS (SELECT FROM custom_integrations i WHERE i.user_id = $1 AND i.id = $2)";
  std::array<Column, 9> columns{
      Column{Type::text},        Column{Type::text},        Column{Type::text},
      Column{Type::text},        Column{Type::text},        Column{Type::text},
      Column{Type::timestamptz}, Column{Type::timestamptz}, Column{Type::json}};
  for (const CustomAction& action : owner.actions) {
    const std::array<std::string_view, 6> texts{action.action_id,   action.id,
                                                action.action_name, action.description,
                                                action.http_method, action.endpoint};
    for (std::size_t i = 0; i < texts.size(); ++i) columns[i].text(texts[i]);
    columns[6].time(action.created_at);
    columns[7].time(action.updated_at);
    columns[8].json(action.parameters);
  }
  Command command{kPut, {}};
  command.params.text(owner.user.text).text(owner.id.text);
  for (const Column& column : columns) command.params.column(column);
  return command;
}

constexpr auto kActions = SqlText("SELECT integration_id, ") + kCustomActionColumns +
                          " FROM custom_integration_actions WHERE user_id = $1"
                          " AND integration_id = $2 ORDER BY action_id";
constexpr auto kActionsNamed =
    SqlText("SELECT integration_id, ") + kCustomActionColumns +
    " FROM custom_integration_actions WHERE user_id = $1 AND integration_id ="
    " (SELECT id FROM custom_integrations WHERE user_id = $1 AND name = $2) ORDER BY action_id";
constexpr auto kActionsListed = SqlText("SELECT integration_id, ") + kCustomActionColumns +
                                " FROM custom_integration_actions WHERE user_id = $1"
                                " AND integration_id = ANY ($2) ORDER BY integration_id, action_id";
constexpr auto kFind = SqlText("SELECT ") + kCustomColumns +
                       " FROM custom_integrations WHERE user_id = $1 AND id = $2";
constexpr auto kFindNamed = SqlText("SELECT ") + kCustomColumns +
                            " FROM custom_integrations WHERE user_id = $1 AND name = $2";

// The integration by `sql` and its actions by `actions`, both with (user, key).
Steps find_steps(const char* sql, const char* actions, const UserId& user, const std::string& key) {
  Steps steps = one_step(user, {sql, {}});
  steps[0].commands.push_back({actions, {}});
  for (Command& command : steps[0].commands) command.params.text(user.text).text(key);
  return steps;
}

std::optional<CustomIntegration> read_found(Answers answers) {
  if (!answers[0].next()) return std::nullopt;
  CustomIntegration found = read_custom_integration(answers[0]);
  while (answers[1].next()) {
    static_cast<void>(answers[1].text());
    found.actions.push_back(read_custom_action(answers[1]));
  }
  return found;
}

}  // namespace

std::uint64_t PostgresStore::custom_generation() const {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  return custom_generation_.load() + static_cast<std::uint64_t>(seconds);
}

// Generations are raised after the commit, whatever came of it (see credential_store.cc).
awaitable<Status> PostgresStore::create_integration(CustomIntegration integration) {
  static constexpr char kPut[] =
      "INSERT INTO custom_integrations (user_id, id, name, display_name, description, auth_type,"
      " base_url, auth_header, auth_prefix, is_active, updated_at, updated_by, oauth_config,"
      " manifest, summary, created_at, created_by)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
  Command command{kPut, {}};
  add_columns(command.params, integration);
  command.params.time(integration.created_at).text(integration.created_by);
  Steps steps = one_step(integration.user, std::move(command));
  steps[0].commands.push_back(put_actions(integration));
  const std::size_t rows = 1 + integration.actions.size();
  auto read = [](Answers) -> Status { return ok(); };
  const Status done = co_await writing(std::move(steps), read, rows);
  ++custom_generation_;
  co_return done ? done : name_taken(done, integration.name);
}

awaitable<Status> PostgresStore::replace_integration(CustomIntegration integration) {
  static constexpr char kUpdate[] =
      "UPDATE custom_integrations SET name = $3, display_name = $4, description = $5,"
      " auth_type = $6, base_url = $7, auth_header = $8, auth_prefix = $9, is_active = $10,"
      " updated_at = $11, updated_by = $12, oauth_config = $13, manifest = $14,"
      " summary = $15"
      " WHERE user_id = $1 AND id = $2";
  static constexpr char kRemove[] =
      "DELETE FROM custom_integration_actions WHERE user_id = $1 AND integration_id = $2";
  Command command{kUpdate, {}};
  add_columns(command.params, integration);
  Steps steps = one_step(integration.user, std::move(command));
  Command remove{kRemove, {}};
  remove.params.text(integration.user.text).text(integration.id.text);
  steps[0].commands.push_back(std::move(remove));
  steps[0].commands.push_back(put_actions(integration));
  const std::size_t rows = 2 + integration.actions.size();
  auto read = [id = integration.id](Answers answers) -> Status {
    return answers[0].affected() == 0 ? Status(no_integration(id)) : ok();
  };
  const Status done = co_await writing(std::move(steps), std::move(read), rows);
  ++custom_generation_;
  co_return done ? done : name_taken(done, integration.name);
}

awaitable<Result<CustomIntegration>> PostgresStore::find_integration(UserId user,
                                                                     CustomIntegrationId id) {
  auto read = [id](Answers answers) -> Result<CustomIntegration> {
    std::optional<CustomIntegration> found = read_found(answers);
    if (!found) return no_integration(id);
    return std::move(*found);
  };
  return reading(find_steps(kFind.text, kActions.text, user, id.text), std::move(read));
}

awaitable<Result<std::optional<CustomIntegration>>> PostgresStore::find_integration_named(
    UserId user, std::string name) {
  auto read = [](Answers answers) -> Result<std::optional<CustomIntegration>> {
    return read_found(answers);
  };
  return reading(find_steps(kFindNamed.text, kActionsNamed.text, user, name), read);
}

awaitable<Result<Page<CustomIntegration>>> PostgresStore::list_integrations(UserId user,
                                                                            PageRequest page) {
  static constexpr auto kList =
      SqlText("SELECT ") + kListedCustomColumns +
      "manifest IS NOT NULL FROM custom_integrations WHERE user_id = $1 AND id < $2"
      " ORDER BY id DESC LIMIT $3";
  const auto before = read_id_cursor(page.cursor);
  if (!before) co_return before.error();
  const std::int64_t limit = page_limit(page);
  Command command{kList.text, {}};
  command.params.text(user.text).text(before->value_or(kLastText)).integer(limit + 1);
  auto read = [limit](Answers answers) -> Result<Page<CustomIntegration>> {
    return read_page<CustomIntegration>(
        answers[0], limit, &read_listed_custom<Rows>,
        [](const CustomIntegration& one) { return id_cursor(one.id.text); });
  };
  Result<Page<CustomIntegration>> found =
      co_await reading(one_step(user, std::move(command)), std::move(read));
  if (!found || found->items.empty()) co_return found;
  std::vector<std::string> ids;
  for (const CustomIntegration& one : found->items) ids.push_back(one.id.text);
  Command actions{kActionsListed.text, {}};
  actions.params.text(user.text).texts(ids);
  auto read_actions = [](Answers answers) -> Result<std::vector<Owned>> {
    std::vector<Owned> all;
    while (answers[0].next()) {
      Owned& one = all.emplace_back();
      one.owner = answers[0].text();
      one.action = read_custom_action(answers[0]);
    }
    return all;
  };
  Result<std::vector<Owned>> owned =
      co_await reading(one_step(user, std::move(actions)), read_actions);
  if (!owned) co_return owned.error();
  for (CustomIntegration& one : found->items) {
    for (Owned& row : *owned) {
      if (row.owner == one.id.text) one.actions.push_back(std::move(row.action));
    }
  }
  co_return found;
}

awaitable<Result<std::int64_t>> PostgresStore::count_integrations(UserId user) {
  static constexpr char kCount[] = "SELECT count(*) FROM custom_integrations WHERE user_id = $1";
  Command command{kCount, {}};
  command.params.text(user.text);
  auto read = [](Answers answers) -> Result<std::int64_t> {
    return answers[0].next() ? answers[0].integer() : std::int64_t{0};
  };
  return reading(one_step(user, std::move(command)), read);
}

awaitable<Status> PostgresStore::put_summary(UserId user, CustomIntegrationId id, Json summary,
                                             WallTime updated_at) {
  Command command{
      "UPDATE custom_integrations SET summary = $3"
      " WHERE user_id = $1 AND id = $2 AND updated_at = $4",
      {}};
  command.params.text(user.text).text(id.text).json(summary).time(updated_at);
  return writing(one_step(user, std::move(command)), [](const Answers&) { return ok(); });
}

awaitable<Status> PostgresStore::remove_integration(UserId user, CustomIntegrationId id) {
  static constexpr char kRemove[] =
      "DELETE FROM custom_integrations WHERE user_id = $1 AND id = $2";
  static constexpr char kRemoveActions[] =
      "DELETE FROM custom_integration_actions WHERE user_id = $1 AND integration_id = $2";
  static constexpr char kRemoveCredentials[] =
      "DELETE FROM custom_integration_credentials WHERE user_id = $1 AND integration_id = $2";
  Steps steps = one_step(user, {kRemove, {}});
  steps[0].commands.push_back({kRemoveActions, {}});
  steps[0].commands.push_back({kRemoveCredentials, {}});
  for (Command& command : steps[0].commands) command.params.text(user.text).text(id.text);
  auto read = [id](Answers answers) -> Status {
    return answers[0].affected() == 0 ? Status(no_integration(id)) : ok();
  };
  const Status done = co_await writing(std::move(steps), std::move(read));
  ++custom_generation_;
  ++credential_generation_;
  co_return done;
}

awaitable<Status> PostgresStore::put_custom_credential(SealedCredential credential) {
  static constexpr char kPut[] =
      "INSERT INTO custom_integration_credentials (user_id, integration_id, credential_type, id,"
      " token_expires_at, is_valid, created_at, updated_at, key_id, encrypted_value)"
      " SELECT $1, $2, $3, gen_random_uuid()::text, $4, true, $5, $6, $7, $8"
      " WHERE EXISTS (SELECT FROM custom_integrations WHERE user_id = $1 AND id = $2)"
      " ON CONFLICT (user_id, integration_id, credential_type) DO UPDATE SET"
      " token_expires_at = excluded.token_expires_at, is_valid = true, last_validated_at = NULL,"
      " updated_at = excluded.updated_at, key_id = excluded.key_id,"
      " encrypted_value = excluded.encrypted_value";
  const SealedCredential& c = credential;
  Command command{kPut, {}};
  command.params.text(c.user.text).text(c.connection).text(c.type).maybe_time(c.expires_at);
  command.params.time(c.created_at).time(c.updated_at).text(c.key_id).text(c.encrypted_value);
  auto read = [id = CustomIntegrationId{c.connection}](Answers answers) -> Status {
    return answers[0].affected() == 0 ? Status(no_integration(id)) : ok();
  };
  const Status done = co_await writing(one_step(c.user, std::move(command)), std::move(read));
  ++credential_generation_;
  co_return done;
}

awaitable<Status> PostgresStore::note_validation(UserId user, CustomIntegrationId id, bool valid,
                                                 WallTime at) {
  Command command{
      "UPDATE custom_integration_credentials SET is_valid = $3, last_validated_at = $4"
      " WHERE user_id = $1 AND integration_id = $2",
      {}};
  command.params.text(user.text).text(id.text).boolean(valid).time(at);
  return writing(one_step(user, std::move(command)), [](const Answers&) { return ok(); });
}

awaitable<Result<std::vector<SealedCredential>>> PostgresStore::custom_credentials(
    UserId user, CustomIntegrationId id) {
  static constexpr auto kSelect = SqlText("SELECT ") + kCustomCredentialColumns +
                                  " FROM custom_integration_credentials WHERE user_id = $1"
                                  " AND integration_id = $2 ORDER BY credential_type";
  Command command{kSelect.text, {}};
  command.params.text(user.text).text(id.text);
  auto read = [](Answers answers) -> Result<std::vector<SealedCredential>> {
    std::vector<SealedCredential> found;
    while (answers[0].next()) found.push_back(read_custom_credential(answers[0]));
    return found;
  };
  return reading(one_step(user, std::move(command)), read);
}

}  // namespace pilot::store::postgres
