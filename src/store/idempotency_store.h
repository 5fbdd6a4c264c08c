// What was answered to a request with an Idempotency-Key (`idempotency_keys`), so that the same
// request again does nothing twice. A row is claimed before the work, finished with its answer, or
// set free when the work failed. Called on a shard, answered on the same shard.
//
// A claim carries the id that a run of this request gets. It outlives the claim: whoever takes the
// key over (its process died, or the work failed) must look whether that run exists.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <utility>

#include "base/result.h"
#include "model/ids.h"

namespace pilot::store {

using boost::asio::awaitable;

// One key of one user at one route ("POST /api/runs").
struct IdempotencyKey {
  UserId user;
  std::string route;
  std::string key;
};

struct IdempotencyClaim {
  IdempotencyKey key;
  std::string request_hash;  // of what must be the same
  std::string claim;         // names this attempt; unique
  std::string node;          // this process
  RunId run;                 // for a run that this request makes
  WallTime now;
  // Claims of other processes made before this, and of this one made before that, are taken over.
  WallTime others_before;
  WallTime own_before;
  WallTime forget_before;  // what was first seen before this is as if it had never been
};

struct StoredAnswer {
  int status = 0;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;
  bool body_kept = true;  // false: it was too large, or held a secret
  std::string body;
};

struct IdempotencyState {
  enum class Kind {
    fresh,        // ours: nothing was begun under this key
    taken_over,   // ours: somebody began, and may have made `run`
    in_progress,  // somebody's who may be at it
    mismatch,     // another request had this key
    answered,     // `answer` is what the first one got
  };
  Kind kind = Kind::fresh;
  RunId run;         // what to make (or what was made) under this key
  std::string node;  // who has it
  StoredAnswer answer;
};

class IdempotencyStore {
 public:
  virtual ~IdempotencyStore() = default;
  // Durable when it answers. A key that was set free by a request with another hash is fresh.
  virtual awaitable<Result<IdempotencyState>> begin_idempotent(IdempotencyClaim claim) = 0;
  // Both do nothing when another claim has the key by now.
  virtual awaitable<Status> finish_idempotent(IdempotencyKey key, std::string claim,
                                              StoredAnswer answer) = 0;
  virtual awaitable<Status> release_idempotent(IdempotencyKey key, std::string claim) = 0;
  // Of all users: keys first seen before then, at most `limit`. Answers how many went.
  virtual awaitable<Result<std::int64_t>> purge_idempotency(WallTime before,
                                                            std::int64_t limit) = 0;
};

}  // namespace pilot::store
