// Idempotency-Key (IETF draft idempotency-key-header): a request that is sent again with its key is
// done once, and gets the first one's answer. Stands around every handler; keys belong to a user
// and a route. Kept for a day.
//
// A run is made once even if the process dies between the run's commit and the end of the answer:
// the key's row decides the run's id before the handler begins, so a retry finds the run by it.
// Other writes that a crash cut off are done again by the retry. Called on shards.
#pragma once

#include "api/router.h"
#include "base/log.h"
#include "base/random.h"
#include "store/store.h"

namespace pilot::api {

struct IdempotencyOptions {
  std::string node;  // this process
  // Nobody else works on this database: what another process left is a dead one's, for certain.
  bool only_process = true;
  Millis kept{std::chrono::hours{24}};
  Millis others_take_over{std::chrono::minutes{2}};
  // Longer than any handler waits (?wait=300): only a claim whose release failed gets this old.
  Millis own_take_over{std::chrono::minutes{10}};
};

// The key itself, a structured-field string without its quotes: 1 to 255 visible ASCII characters.
// Code invalid_header.
Result<std::string> parse_idempotency_key(std::string_view header);

// SHA-256, in hex, over what must be the same in a retry: method, path, query (but for ?wait) and
// body.
std::string idempotency_hash(const Request& request);

class Idempotency {
 public:
  // `random`: one per shard. All outlive this.
  Idempotency(IdempotencyOptions options, store::Store& store, const Clock& clock, Log& log,
              std::vector<std::unique_ptr<Random>>& random);

  // Codes: invalid_header (400), idempotency_in_progress (409, with Retry-After),
  // idempotency_mismatch (422), answer_not_kept (409: it was done, but its answer was over 1 MiB,
  // a stream, or held what is shown once). A repeated answer has `Idempotent-Replayed: true`.
  awaitable<Response> around(Request& request, const Handler& handler);

 private:
  store::IdempotencyClaim make_claim(const Request& request, std::string key);
  awaitable<Response> carry_out(Request& request, const Handler& handler,
                                store::IdempotencyClaim claim);
  awaitable<std::optional<Response>> made_before(const Request& request, const RunId& run);
  awaitable<void> settle(store::IdempotencyClaim claim, const Response& response);
  awaitable<void> release(store::IdempotencyClaim claim);
  void purge_sometimes(boost::asio::any_io_executor executor);

  const IdempotencyOptions options_;
  store::Store& store_;
  const Clock& clock_;
  Log& log_;
  std::vector<std::unique_ptr<Random>>& random_;
  std::atomic<std::int64_t> purged_at_;  // unix microseconds
};

}  // namespace pilot::api
