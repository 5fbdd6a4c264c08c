// idempotency_keys and audit_log: what the HTTP surface remembers of requests.
#include "store/postgres/pages.h"
#include "store/postgres/postgres_store.h"
#include "store/read_rows.h"
#include "store/sql_text.h"

namespace pilot::store::postgres {
namespace {

constexpr SqlText kAuditColumns =
    "user_id, id, at, caller, caller_id, method, route, status, code, address, request_id,"
    " acting_for FROM ";
constexpr char kLastText[] = "\xF4\x8F\xBF\xBF";  // after every id

IdempotencyState::Kind kind_from(const std::string& text) {
  using Kind = IdempotencyState::Kind;
  if (text == "fresh") return Kind::fresh;
  if (text == "taken_over") return Kind::taken_over;
  if (text == "mismatch") return Kind::mismatch;
  return text == "answered" ? Kind::answered : Kind::in_progress;
}

Result<IdempotencyState> read_state(Answers answers) {
  Rows& row = answers[0];
  if (!row.next()) return internal_error("an idempotency key is there and is not");
  IdempotencyState state;
  state.kind = kind_from(row.text());
  state.node = row.text();
  state.run.text = row.text();
  state.answer.status = row.small();
  state.answer.content_type = row.text();
  const Json headers = row.json();
  if (const JsonArray* list = headers.if_array()) {
    for (const Json& header : *list) {
      state.answer.headers.emplace_back(as_view(header.at(0).as_string()),
                                        as_view(header.at(1).as_string()));
    }
  }
  state.answer.body_kept = row.boolean();
  state.answer.body = row.text();
  return state;
}

Json audit_row(const AuditEntry& e) {
  return JsonObject{{"user_id", e.user.text},
                    {"id", e.id},
                    {"at", to_rfc3339(e.at)},
                    {"caller", e.caller},
                    {"caller_id", e.caller_id},
                    {"method", e.method},
                    {"route", e.route},
                    {"status", e.status},
                    {"code", e.code},
                    {"address", e.address},
                    {"request_id", e.request_id},
                    {"acting_for", e.acting_for}};
}

Result<Page<AuditEntry>> read_audit(Answers answers, std::int64_t limit) {
  return read_page<AuditEntry>(answers[0], limit, &read_entry<Rows>,
                               [](const AuditEntry& entry) { return id_cursor(entry.id); });
}

Status nothing(Answers) { return ok(); }

Result<std::int64_t> number(Answers answers) {
  return answers[0].next() ? answers[0].integer() : std::int64_t{0};
}

}  // namespace

awaitable<Result<IdempotencyState>> PostgresStore::begin_idempotent(IdempotencyClaim claim) {
  static constexpr char kBegin[] =
      "SELECT kind, (entry).node, (entry).run_id, (entry).status, (entry).content_type,"
      " (entry).headers, (entry).body_kept, (entry).body"
      " FROM begin_idempotent($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
  const IdempotencyClaim& c = claim;
  Command command{kBegin, {}};
  command.params.text(c.key.user.text).text(c.key.route).text(c.key.key).text(c.request_hash);
  command.params.text(c.claim).text(c.node).text(c.run.text).time(c.now);
  command.params.time(c.others_before).time(c.own_before).time(c.forget_before);
  return writing(one_step(c.key.user, std::move(command)), &read_state);
}

awaitable<Status> PostgresStore::finish_idempotent(IdempotencyKey key, std::string claim,
                                                   StoredAnswer answer) {
  static constexpr char kFinish[] =
      "UPDATE idempotency_keys SET state = 'done', status = $5, content_type = $6, headers = $7,"
      " body_kept = $8, body = $9 WHERE user_id = $1 AND route = $2 AND key = $3 AND claim = $4"
      " AND state = 'claimed'";
  JsonArray headers;
  for (const auto& [name, value] : answer.headers) headers.push_back(JsonArray{name, value});
  Command command{kFinish, {}};
  command.params.text(key.user.text).text(key.route).text(key.key).text(claim);
  command.params.small(answer.status).text(answer.content_type).json(headers);
  command.params.boolean(answer.body_kept).bytes_of(answer.body);
  return writing(one_step(key.user, std::move(command)), &nothing);
}

awaitable<Status> PostgresStore::release_idempotent(IdempotencyKey key, std::string claim) {
  static constexpr char kRelease[] =
      "UPDATE idempotency_keys SET state = 'free' WHERE user_id = $1 AND route = $2 AND key = $3"
      " AND claim = $4 AND state = 'claimed'";
  Command command{kRelease, {}};
  command.params.text(key.user.text).text(key.route).text(key.key).text(claim);
  return writing(one_step(key.user, std::move(command)), &nothing);
}

awaitable<Result<std::int64_t>> PostgresStore::purge_idempotency(WallTime before,
                                                                 std::int64_t limit) {
  static constexpr char kPurge[] = "SELECT purge_idempotency($1, $2)";
  Command command{kPurge, {}};
  command.params.time(before).integer(limit);
  return writing(system_step(std::move(command)), &number);
}

awaitable<Status> PostgresStore::append_audit(std::vector<AuditEntry> entries) {
  static constexpr char kAppend[] = "SELECT append_audit($1)";
  JsonArray rows;
  for (const AuditEntry& entry : entries) rows.push_back(audit_row(entry));
  Command command{kAppend, {}};
  command.params.json(rows);
  return writing(system_step(std::move(command)), &nothing, entries.size());
}

awaitable<Result<Page<AuditEntry>>> PostgresStore::list_audit(UserId user, PageRequest page) {
  static constexpr auto kList = SqlText("SELECT ") + kAuditColumns +
                                "audit_log WHERE user_id = current_user_id() AND id < $1"
                                " ORDER BY id DESC LIMIT $2";
  static constexpr auto kNobodys =
      SqlText("SELECT ") + kAuditColumns + "list_nobodys_audit($1, $2)";
  return audit_page(user.empty() ? kNobodys.text : kList.text, std::move(user), std::move(page));
}

awaitable<Result<Page<AuditEntry>>> PostgresStore::list_all_audit(PageRequest page) {
  static constexpr auto kList = SqlText("SELECT ") + kAuditColumns + "list_all_audit($1, $2)";
  return audit_page(kList.text, {}, std::move(page));
}

awaitable<Result<Page<AuditEntry>>> PostgresStore::audit_page(const char* sql, UserId user,
                                                              PageRequest page) {
  const auto before = read_id_cursor(page.cursor);
  if (!before) co_return before.error();
  const std::int64_t limit = page_limit(page);
  Command command{sql, {}};
  command.params.text(before->value_or(kLastText)).integer(limit + 1);
  auto read = [limit](Answers answers) { return read_audit(answers, limit); };
  co_return co_await reading(one_step(user, std::move(command)), std::move(read));
}

awaitable<Result<std::int64_t>> PostgresStore::purge_audit(WallTime before,
                                                           std::int64_t keep_nobodys,
                                                           std::int64_t limit) {
  static constexpr char kPurge[] = "SELECT purge_audit($1, $2, $3)";
  Command command{kPurge, {}};
  command.params.time(before).integer(keep_nobodys).integer(limit);
  return writing(system_step(std::move(command)), &number);
}

}  // namespace pilot::store::postgres
