// idempotency_keys. All decisions are made inside the writer's transaction, so two requests with
// one key cannot both have it.
#include "store/sqlite/sqlite_store.h"

namespace pilot::store::sqlite {
namespace {

constexpr std::string_view kClaimed = "claimed";
constexpr std::string_view kFree = "free";
constexpr std::string_view kDone = "done";

Result<bool> insert(Connection& db, const IdempotencyClaim& c) {
  static constexpr char kInsert[] =
      "INSERT INTO idempotency_keys (user_id, route, key, request_hash, state, claim, node, run_id,"
      " created_at, claimed_at, status, content_type, headers, body_kept, body)"
      " VALUES (?1, ?2, ?3, ?4, 'claimed', ?5, ?6, ?7, ?8, ?8, 0, '', NULL, 0, '')"
      " ON CONFLICT (user_id, route, key) DO NOTHING";
  Query query = db.query(kInsert);
  query.bind(c.key.user.text, c.key.route, c.key.key, c.request_hash, c.claim, c.node, c.run.text,
             c.now);
  if (Status done = query.run(); !done) return done.error();
  return db.changes() == 1;
}

struct Row {
  std::string hash;
  std::string state;
  WallTime created_at;
  WallTime claimed_at;
  IdempotencyState found;
};

StoredAnswer read_answer(Query& row) {
  StoredAnswer answer;
  answer.status = row.small();
  answer.content_type = row.text();
  const Json headers = row.json();
  if (const JsonArray* list = headers.if_array()) {
    for (const Json& header : *list) {
      answer.headers.emplace_back(as_view(header.at(0).as_string()),
                                  as_view(header.at(1).as_string()));
    }
  }
  answer.body_kept = row.integer() != 0;
  answer.body = row.text();
  return answer;
}

Result<Row> read(Connection& db, const IdempotencyKey& key) {
  static constexpr char kRead[] =
      "SELECT request_hash, state, created_at, claimed_at, node, run_id, status, content_type,"
      " headers, body_kept, body FROM idempotency_keys"
      " WHERE user_id = ?1 AND route = ?2 AND key = ?3";
  Query query = db.query(kRead);
  if (!query.bind(key.user.text, key.route, key.key).next()) {
    return query.status() ? internal_error("an idempotency key is there and is not")
                          : query.status().error();
  }
  Row row;
  row.hash = query.text();
  row.state = query.text();
  row.created_at = query.time();
  row.claimed_at = query.time();
  row.found.node = query.text();
  row.found.run.text = query.text();
  row.found.answer = read_answer(query);
  if (!query.status()) return query.status().error();
  return row;
}

// As if the key had never been.
Status start_over(Connection& db, const IdempotencyClaim& c) {
  static constexpr char kStartOver[] =
      "UPDATE idempotency_keys SET request_hash = ?4, state = 'claimed', claim = ?5, node = ?6,"
      " run_id = ?7, created_at = ?8, claimed_at = ?8, status = 0, content_type = '',"
      " headers = NULL, body_kept = 0, body = '' WHERE user_id = ?1 AND route = ?2 AND key = ?3";
  return db.query(kStartOver)
      .bind(c.key.user.text, c.key.route, c.key.key, c.request_hash, c.claim, c.node, c.run.text,
            c.now)
      .run();
}

Status take_over(Connection& db, const IdempotencyClaim& c) {
  static constexpr char kTakeOver[] =
      "UPDATE idempotency_keys SET state = 'claimed', claim = ?4, node = ?5, claimed_at = ?6"
      " WHERE user_id = ?1 AND route = ?2 AND key = ?3";
  return db.query(kTakeOver)
      .bind(c.key.user.text, c.key.route, c.key.key, c.claim, c.node, c.now)
      .run();
}

Result<IdempotencyState> begin(Connection& db, const IdempotencyClaim& claim) {
  using Kind = IdempotencyState::Kind;
  const IdempotencyState fresh{.kind = Kind::fresh, .run = claim.run, .node = claim.node};
  const Result<bool> inserted = insert(db, claim);
  if (!inserted) return inserted.error();
  if (*inserted) return fresh;
  Result<Row> row = read(db, claim.key);
  if (!row) return row.error();
  const bool same = row->hash == claim.request_hash;
  if (row->created_at < claim.forget_before || (row->state == kFree && !same)) {
    if (Status done = start_over(db, claim); !done) return done.error();
    return fresh;
  }
  IdempotencyState& found = row->found;
  if (!same) {
    found.kind = Kind::mismatch;
  } else if (row->state == kDone) {
    found.kind = Kind::answered;
  } else if (const bool own = found.node == claim.node;
             row->state == kClaimed &&
             row->claimed_at >= (own ? claim.own_before : claim.others_before)) {
    found.kind = Kind::in_progress;
  } else {
    found.kind = Kind::taken_over;
    found.node = claim.node;
    if (Status done = take_over(db, claim); !done) return done.error();
  }
  return std::move(found);
}

Status finish(Connection& db, const IdempotencyKey& key, const std::string& claim,
              const StoredAnswer& answer) {
  static constexpr char kFinish[] =
      "UPDATE idempotency_keys SET state = 'done', status = ?5, content_type = ?6, headers = ?7,"
      " body_kept = ?8, body = ?9"
      " WHERE user_id = ?1 AND route = ?2 AND key = ?3 AND claim = ?4 AND state = 'claimed'";
  JsonArray list;
  for (const auto& [name, value] : answer.headers) list.push_back(JsonArray{name, value});
  const std::string headers = to_json(list);
  return db.query(kFinish)
      .bind(key.user.text, key.route, key.key, claim, answer.status, answer.content_type, headers,
            answer.body_kept ? 1 : 0, answer.body)
      .run();
}

Status release(Connection& db, const IdempotencyKey& key, const std::string& claim) {
  static constexpr char kRelease[] =
      "UPDATE idempotency_keys SET state = 'free'"
      " WHERE user_id = ?1 AND route = ?2 AND key = ?3 AND claim = ?4 AND state = 'claimed'";
  return db.query(kRelease).bind(key.user.text, key.route, key.key, claim).run();
}

}  // namespace

awaitable<Result<IdempotencyState>> SqliteStore::begin_idempotent(IdempotencyClaim claim) {
  return writer_.run([claim = std::move(claim)](Connection& db) { return begin(db, claim); });
}

awaitable<Status> SqliteStore::finish_idempotent(IdempotencyKey key, std::string claim,
                                                 StoredAnswer answer) {
  return writer_.run([key = std::move(key), claim = std::move(claim), answer = std::move(answer)](
                         Connection& db) { return finish(db, key, claim, answer); });
}

awaitable<Status> SqliteStore::release_idempotent(IdempotencyKey key, std::string claim) {
  return writer_.run([key = std::move(key), claim = std::move(claim)](Connection& db) {
    return release(db, key, claim);
  });
}

awaitable<Result<std::int64_t>> SqliteStore::purge_idempotency(WallTime before,
                                                               std::int64_t limit) {
  return writer_.run([before, limit](Connection& db) -> Result<std::int64_t> {
    static constexpr char kPurge[] =
        "DELETE FROM idempotency_keys WHERE rowid IN (SELECT rowid FROM idempotency_keys"
        " WHERE created_at < ?1 ORDER BY created_at LIMIT ?2)";
    Query query = db.query(kPurge);
    query.bind(before, limit);
    if (Status done = query.run(); !done) return done.error();
    return db.changes();
  });
}

}  // namespace pilot::store::sqlite
