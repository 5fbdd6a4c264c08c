#include "api/idempotency.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "api/codec_run.h"
#include "api/problem.h"
#include "base/crypto.h"

namespace pilot::api {
namespace {

using store::IdempotencyClaim;
using store::IdempotencyState;
using store::StoredAnswer;

constexpr std::size_t kMostKept = 1u << 20;
constexpr std::int64_t kPurgeBatch = 1'000;
constexpr std::chrono::minutes kPurgeEvery{5};
// What an answer says beside its body; the rest is made anew for each answer.
constexpr std::array<std::string_view, 3> kKeptHeaders{"Location", "ETag", "Link"};

Error invalid_key() {
  return invalid("invalid_header",
                 "Idempotency-Key must be 1 to 255 visible ASCII characters, in quotes or without");
}

// Nothing was done, or nobody knows: the same key may try again.
bool leaves_key_free(const Response& response) {
  switch (response.status) {
    case 401:
    case 403:
    case 408:
    case 425:
    case 429:
      return true;
    default:
      return response.status >= 500;
  }
}

StoredAnswer to_stored(const Response& response) {
  StoredAnswer stored;
  stored.status = response.status;
  stored.content_type = response.content_type;
  for (const auto& header : response.headers) {
    if (std::find(kKeptHeaders.begin(), kKeptHeaders.end(), header.first) != kKeptHeaders.end()) {
      stored.headers.push_back(header);
    }
    // A cookie is a secret of the one who got it.
    if (equals_ignoring_case(header.first, "Set-Cookie")) stored.body_kept = false;
  }
  if (response.shown_once || response.stream || response.body.size() > kMostKept) {
    stored.body_kept = false;
  }
  if (stored.body_kept) stored.body = response.body;
  return stored;
}

Response replay(StoredAnswer stored) {
  Response response;
  if (stored.body_kept) {
    response.status = stored.status;
    response.content_type = std::move(stored.content_type);
    response.body = std::move(stored.body);
  } else {
    response = problem(conflict(
        "answer_not_kept",
        fmt::format("the request with this Idempotency-Key was carried out and answered with {}, "
                    "but its answer was too large to keep, or held what is shown only once",
                    stored.status)));
  }
  for (auto& header : stored.headers) response.headers.push_back(std::move(header));
  response.headers.emplace_back("Idempotent-Replayed", "true");
  return response;
}

Response mismatch() {
  return problem(invalid("idempotency_mismatch",
                         "this Idempotency-Key was used for another request; take a new key for a "
                         "new request"),
                 422);
}

Response in_progress() {
  Error error = conflict("idempotency_in_progress",
                         "the request with this Idempotency-Key is still being carried out; ask "
                         "again in a moment");
  error.retry_after = std::chrono::seconds{1};
  return problem(error);
}

std::string route_of(const Request& request) {
  return fmt::format("{} {}", to_string(request.method),
                     request.route == nullptr ? "" : request.route->pattern);
}

// The run is there: 202 as for one that was accepted a moment ago, whatever became of it since.
Response accepted(const Request& request, const Run& run) {
  const bool runs = request.route != nullptr && request.route->pattern == "/api/runs";
  Json body = runs ? Json(run_json(run)) : unfinished_json(run);
  if (!runs) body.as_object()["success"] = run.state == RunState::success;
  Response response = json_response(body, 202);
  response.headers.emplace_back("Location", "/api/runs/" + run.id.text);
  return response;
}

awaitable<void> purge(store::Store& store, WallTime before) {
  while (true) {
    const Result<std::int64_t> went = co_await store.purge_idempotency(before, kPurgeBatch);
    if (!went || *went < kPurgeBatch) co_return;
  }
}

}  // namespace

Result<std::string> parse_idempotency_key(std::string_view header) {
  std::string key;
  if (header.starts_with('"')) {
    if (header.size() < 2 || !header.ends_with('"')) return invalid_key();
    header = header.substr(1, header.size() - 2);
    for (std::size_t i = 0; i < header.size(); ++i) {
      if (header[i] == '"') return invalid_key();
      if (header[i] == '\\') {
        ++i;
        if (i == header.size() || (header[i] != '"' && header[i] != '\\')) return invalid_key();
      }
      key += header[i];
    }
  } else {
    key = header;
  }
  const bool visible =
      std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 127; });
  if (key.empty() || key.size() > 255 || !visible) return invalid_key();
  return key;
}

std::string idempotency_hash(const Request& request) {
  std::string text(to_string(request.method));
  // Lengths in front, so that no two requests read alike.
  const auto add = [&text](std::string_view part) {
    fmt::format_to(std::back_inserter(text), "\n{}:", part.size());
    text += part;
  };
  for (const std::string& part : request.path) add(part);
  text += "\n?";
  for (const auto& [name, value] : request.query) {
    if (name == "wait") continue;  // how long to wait is no part of what to do
    add(name);
    add(value);
  }
  text += "\n\n";
  text += request.body;
  const std::string hash = crypto::hex(crypto::sha256(text));
  wipe(text);  // a body may hold credentials
  return hash;
}

Idempotency::Idempotency(IdempotencyOptions options, store::Store& store, const Clock& clock,
                         Log& log, std::vector<std::unique_ptr<Random>>& random)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      log_(log),
      random_(random),
      purged_at_(to_unix_micros(clock.now())) {}

IdempotencyClaim Idempotency::make_claim(const Request& request, std::string key) {
  IdempotencyClaim claim;
  const WallTime now = clock_.now();
  Random& random = *random_[request.shard];
  claim.key = {request.principal, route_of(request), std::move(key)};
  claim.request_hash = idempotency_hash(request);
  claim.claim = make_uuid7(now, random);
  claim.node = options_.node;
  claim.run.text = make_uuid7(now, random);
  claim.now = now;
  claim.others_before =
      options_.only_process ? now + std::chrono::hours{1} : now - options_.others_take_over;
  claim.own_before = now - options_.own_take_over;
  claim.forget_before = now - options_.kept;
  return claim;
}

awaitable<Response> Idempotency::around(Request& request, const Handler& handler) {
  const auto given = request.header("Idempotency-Key");
  if (!given || !changes_state(request.method) || request.principal.empty()) {
    co_return co_await handler(request);
  }
  const auto same_name = [](const HeaderView& h) {
    return equals_ignoring_case(h.name, "Idempotency-Key");
  };
  Result<std::string> key = parse_idempotency_key(*given);
  if (!key || std::count_if(request.headers.begin(), request.headers.end(), same_name) != 1) {
    co_return problem(invalid_key(), 400);
  }
  purge_sometimes(co_await boost::asio::this_coro::executor);
  IdempotencyClaim claim = make_claim(request, std::move(*key));
  Result<IdempotencyState> state = co_await store_.begin_idempotent(claim);
  if (!state) co_return problem(state.error());
  switch (state->kind) {
    case IdempotencyState::Kind::mismatch:
      co_return mismatch();
    case IdempotencyState::Kind::answered:
      co_return replay(std::move(state->answer));
    case IdempotencyState::Kind::in_progress:
      // Another process has it, or had it: its run, once there is one, is the answer either way.
      if (state->node != options_.node) {
        auto before = co_await made_before(request, state->run);
        if (before) co_return std::move(*before);
      }
      co_return in_progress();
    case IdempotencyState::Kind::taken_over:
      if (auto before = co_await made_before(request, state->run)) {
        co_await settle(claim, *before);
        co_return std::move(*before);
      }
      break;
    case IdempotencyState::Kind::fresh:
      break;
  }
  request.run = state->run;
  co_return co_await carry_out(request, handler, std::move(claim));
}

// The answer for a run that an earlier request with this key made, or why that is not known.
awaitable<std::optional<Response>> Idempotency::made_before(const Request& request,
                                                            const RunId& run) {
  const Result<Run> found = co_await store_.find_run(request.principal, run);
  if (!found && found.error().kind == ErrorKind::not_found) co_return std::nullopt;
  if (!found) co_return problem(found.error());
  Response response = accepted(request, *found);
  response.headers.emplace_back("Idempotent-Replayed", "true");
  co_return response;
}

awaitable<Response> Idempotency::carry_out(Request& request, const Handler& handler,
                                           IdempotencyClaim claim) {
  Response response;
  std::exception_ptr bug;
  try {
    response = co_await handler(request);
  } catch (...) {
    bug = std::current_exception();
  }
  if (bug) {
    co_await release(std::move(claim));
    std::rethrow_exception(bug);
  }
  co_await settle(std::move(claim), response);
  co_return response;
}

// Before the answer leaves, so that a client that has heard it cannot have it done again.
awaitable<void> Idempotency::settle(IdempotencyClaim claim, const Response& response) {
  if (leaves_key_free(response)) {
    co_await release(std::move(claim));
    co_return;
  }
  const Status done = co_await store_.finish_idempotent(
      std::move(claim.key), std::move(claim.claim), to_stored(response));
  // It was done all the same: the client hears so, and the key stays taken until it is old.
  if (!done) log_.warn("an answer was not kept for its Idempotency-Key: {}", done.error().message);
}

awaitable<void> Idempotency::release(IdempotencyClaim claim) {
  const Status done =
      co_await store_.release_idempotent(std::move(claim.key), std::move(claim.claim));
  if (!done) log_.warn("an Idempotency-Key was not set free: {}", done.error().message);
}

// Rows come with requests, so whoever adds one now and then takes the old ones away.
void Idempotency::purge_sometimes(boost::asio::any_io_executor executor) {
  const WallTime now = clock_.now();
  std::int64_t last = purged_at_.load();
  if (now - from_unix_micros(last) < kPurgeEvery) return;
  if (!purged_at_.compare_exchange_strong(last, to_unix_micros(now))) return;
  boost::asio::co_spawn(executor, purge(store_, now - options_.kept), [](std::exception_ptr) {});
}

}  // namespace pilot::api
