// Users, API keys, sessions: through the functions of migrations/postgres/0005_identity.sql and
// 0008_allowed_hosts.sql, which look for what belongs to one user as the user of the transaction.
#include "store/postgres/pages.h"
#include "store/postgres/postgres_store.h"
#include "store/read_rows.h"
#include "store/sql_text.h"

namespace pilot::store::postgres {
namespace {

constexpr SqlText kUserColumns =
    "id, owner_id, name, email, password_hash, created_at, disabled, allowed_hosts IS NOT NULL,"
    " coalesce(allowed_hosts, '') FROM ";
constexpr SqlText kKeyColumns =
    "user_id, id, name, prefix, sha256, scopes, expires_at, created_at, last_used_at, revoked_at"
    " FROM ";
constexpr char kLastText[] = "\xF4\x8F\xBF\xBF";  // after every id

Error no_user() { return not_found("there is no such user"); }
Error name_taken() { return conflict("name_taken", "another user has this name; choose another"); }

Result<User> one_user(Answers answers) {
  if (!answers[0].next()) return no_user();
  return read_user(answers[0]);
}

Command find_users(const std::optional<std::string>& id, const std::optional<std::string>& name) {
  static constexpr auto kFind = SqlText("SELECT ") + kUserColumns + "find_users($1, $2)";
  Command command{kFind.text, {}};
  command.params.maybe_text(id).maybe_text(name);
  return command;
}

Status nothing(Answers) { return ok(); }

}  // namespace

awaitable<Status> PostgresStore::create_user(User user) {
  static constexpr char kCreate[] = "SELECT create_user($1, $2, $3, $4, $5, $6, $7, $8)";
  Command command{kCreate, {}};
  command.params.text(user.id.text).text(user.owner.text).text(user.name).text(user.email);
  command.params.text(user.password_hash).time(user.created_at).boolean(user.disabled);
  command.params.maybe_text(user.allowed_hosts);
  auto read = [](Answers answers) -> Status {
    const std::string outcome = answers[0].next() ? answers[0].text() : "";
    if (outcome == "name_taken") return name_taken();
    if (outcome != "duplicate_id") return ok();
    return conflict("duplicate_id", "there is (or was) a user with this id; choose another");
  };
  Status done = co_await writing(system_step(std::move(command)), read);
  ++credential_generation_;  // after the commit, and whatever came of it
  co_return done;
}

awaitable<Result<User>> PostgresStore::find_user(UserId id) {
  return reading(system_step(find_users(id.text, {})), &one_user);
}

awaitable<Result<User>> PostgresStore::find_user_by_name(std::string name) {
  return reading(system_step(find_users({}, std::move(name))), &one_user);
}

awaitable<Result<Page<User>>> PostgresStore::list_users(std::optional<UserId> owner,
                                                        PageRequest page) {
  static constexpr auto kList = SqlText("SELECT ") + kUserColumns + "list_users($1, $2, $3)";
  const auto after = read_id_cursor(page.cursor);
  if (!after) co_return after.error();
  const std::int64_t limit = page_limit(page);
  Command command{kList.text, {}};
  command.params.maybe_text(owner ? std::optional(owner->text) : std::nullopt);
  command.params.text(after->value_or("")).integer(limit + 1);
  auto read = [limit](Answers answers) -> Result<Page<User>> {
    return read_page<User>(answers[0], limit, &read_user<Rows>,
                           [](const User& user) { return id_cursor(user.id.text); });
  };
  co_return co_await reading(system_step(std::move(command)), std::move(read));
}

// Both in one transaction: what comes back is what this change made of it.
awaitable<Result<User>> PostgresStore::update_user(UserId id, UserChange change) {
  static constexpr char kUpdate[] = "SELECT update_user($1, $2, $3, $4, $5, $6, $7)";
  Command command{kUpdate, {}};
  command.params.text(id.text).maybe_text(change.name).maybe_text(change.email);
  command.params.maybe_text(change.password_hash).maybe_boolean(change.disabled);
  command.params.boolean(change.allowed_hosts.has_value());
  command.params.maybe_text(change.allowed_hosts.value_or(std::nullopt));
  Steps steps = system_step(std::move(command));
  steps[0].commands.push_back(find_users(id.text, {}));
  auto read = [](Answers answers) -> Result<User> {
    const std::string outcome = answers[0].next() ? answers[0].text() : "";
    if (outcome == "name_taken") return name_taken();
    if (outcome != "done") return no_user();
    return one_user(answers.subspan(1));
  };
  Result<User> user = co_await writing(std::move(steps), read);
  ++credential_generation_;
  co_return user;
}

awaitable<Status> PostgresStore::remove_user(UserId id, WallTime now) {
  static constexpr char kRemove[] = "SELECT remove_user($1, $2)";
  Command command{kRemove, {}};
  command.params.text(id.text).time(now);
  return writing(system_step(std::move(command)), [](Answers answers) -> Status {
    return answers[0].next() && answers[0].boolean() ? ok() : Status(no_user());
  });
}

awaitable<Result<bool>> PostgresStore::owns_user(UserId owner, UserId user) {
  static constexpr char kOwns[] = "SELECT owns_user($1, $2)";
  Command command{kOwns, {}};
  command.params.text(owner.text).text(user.text);
  return reading(system_step(std::move(command)), [](Answers answers) -> Result<bool> {
    return answers[0].next() && answers[0].boolean();
  });
}

awaitable<Result<std::vector<std::string>>> PostgresStore::allowed_hosts(UserId user) {
  static constexpr char kHosts[] = "SELECT allowed_hosts FROM allowed_hosts()";
  auto read = [](Answers answers) -> Result<std::vector<std::string>> {
    std::vector<std::string> found;
    while (answers[0].next()) found.push_back(answers[0].text());
    return found;
  };
  return reading(one_step(user, {kHosts, {}}), read);
}

awaitable<Status> PostgresStore::create_key(ApiKey key) {
  static constexpr char kCreate[] = "SELECT create_key($1, $2, $3, $4, $5, $6, $7, $8)";
  Command command{kCreate, {}};
  command.params.text(key.id).text(key.name).text(key.prefix).text(key.sha256);
  command.params.text(to_string(key.scopes)).maybe_time(key.expires_at).time(key.created_at);
  command.params.integer(limits::kKeys);
  return writing(one_step(key.user, std::move(command)), [](Answers answers) -> Status {
    if (answers[0].next() && answers[0].boolean()) return ok();
    return Error{
        ErrorKind::rate_limited,
        "quota_exceeded",
        fmt::format("a user may have {} API keys; revoke those that are not used", limits::kKeys),
        {}};
  });
}

awaitable<Result<std::optional<ApiKey>>> PostgresStore::find_key_by_hash(std::string sha256) {
  static constexpr auto kFind = SqlText("SELECT ") + kKeyColumns + "find_key($1)";
  Command command{kFind.text, {}};
  command.params.text(sha256);
  return reading(system_step(std::move(command)),
                 [](Answers answers) -> Result<std::optional<ApiKey>> {
                   if (!answers[0].next()) return std::optional<ApiKey>();
                   return std::optional(read_key(answers[0]));
                 });
}

awaitable<Result<Page<ApiKey>>> PostgresStore::list_keys(UserId user, PageRequest page) {
  static constexpr auto kList = SqlText("SELECT ") + kKeyColumns + "list_keys($1, $2)";
  const auto before = read_id_cursor(page.cursor);
  if (!before) co_return before.error();
  const std::int64_t limit = page_limit(page);
  Command command{kList.text, {}};
  command.params.text(before->value_or(kLastText)).integer(limit + 1);
  auto read = [limit](Answers answers) -> Result<Page<ApiKey>> {
    return read_page<ApiKey>(answers[0], limit, &read_key<Rows>,
                             [](const ApiKey& key) { return id_cursor(key.id); });
  };
  co_return co_await reading(one_step(user, std::move(command)), std::move(read));
}

awaitable<Status> PostgresStore::revoke_key(UserId user, std::string id, WallTime now) {
  static constexpr char kRevoke[] = "SELECT revoke_key($1, $2)";
  Command command{kRevoke, {}};
  command.params.text(id).time(now);
  return writing(one_step(user, std::move(command)), [](Answers answers) -> Status {
    const bool revoked = answers[0].next() && answers[0].boolean();
    return revoked ? ok() : Status(not_found("there is no such API key"));
  });
}

awaitable<Status> PostgresStore::touch_key(UserId user, std::string id, WallTime now) {
  static constexpr char kTouch[] = "SELECT touch_key($1, $2)";
  Command command{kTouch, {}};
  command.params.text(id).time(now);
  return writing(one_step(user, std::move(command)), &nothing);
}

awaitable<Status> PostgresStore::create_session(LoginSession session) {
  static constexpr char kCreate[] = "SELECT create_session($1, $2, $3, $4, $5, $6)";
  const LoginSession& s = session;
  Command command{kCreate, {}};
  command.params.text(s.id).text(s.sha256).time(s.created_at).time(s.expires_at);
  command.params.time(s.last_seen_at).integer(limits::kSessions);
  return writing(one_step(s.user, std::move(command)), &nothing);
}

awaitable<Result<std::optional<LoginSession>>> PostgresStore::find_session_by_hash(
    std::string sha256) {
  static constexpr char kFind[] =
      "SELECT user_id, id, sha256, created_at, expires_at, last_seen_at FROM find_session($1)";
  Command command{kFind, {}};
  command.params.text(sha256);
  auto read = [](Answers answers) -> Result<std::optional<LoginSession>> {
    std::optional<LoginSession> found;
    Rows& row = answers[0];
    if (!row.next()) return found;
    LoginSession& session = found.emplace();
    session.user.text = row.text();
    session.id = row.text();
    session.sha256 = row.text();
    session.created_at = row.time();
    session.expires_at = row.time();
    session.last_seen_at = row.time();
    return found;
  };
  return reading(system_step(std::move(command)), read);
}

awaitable<Status> PostgresStore::touch_session(UserId user, std::string id, WallTime now,
                                               WallTime expires_at) {
  static constexpr char kTouch[] = "SELECT touch_session($1, $2, $3)";
  Command command{kTouch, {}};
  command.params.text(id).time(now).time(expires_at);
  return writing(one_step(user, std::move(command)), &nothing);
}

awaitable<Status> PostgresStore::remove_session(UserId user, std::string id) {
  static constexpr char kRemove[] = "SELECT remove_session($1)";
  Command command{kRemove, {}};
  command.params.text(id);
  return writing(one_step(user, std::move(command)), &nothing);
}

awaitable<Result<bool>> PostgresStore::any_sign_in() {
  static constexpr char kAny[] = "SELECT any_sign_in()";
  return reading(system_step({kAny, {}}), [](Answers answers) -> Result<bool> {
    return answers[0].next() && answers[0].boolean();
  });
}

}  // namespace pilot::store::postgres
