// The audit log (`audit_log`): who was refused, and who did something privileged. Rows are only
// ever added, and removed when they are old. Called on a shard, answered on the same shard.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>

#include "base/result.h"
#include "model/ids.h"
#include "store/page.h"

namespace pilot::store {

using boost::asio::awaitable;

struct AuditEntry {
  UserId user;     // empty: nobody who was known; for the operator
  std::string id;  // UUIDv7 of `at`
  WallTime at;
  std::string caller;     // Principal::Kind as text
  std::string caller_id;  // of the key or session
  std::string method;
  std::string route;  // the pattern, never the path: paths can hold secrets
  int status = 0;
  std::string code;  // of a refusal
  std::string address;
  std::string request_id;
  std::string acting_for;  // the user whom the caller acted for
};

class AuditStore {
 public:
  virtual ~AuditStore() = default;
  // All in one transaction (with other batches). An id that is there already is left as it is, so
  // that a batch whose answer was lost can be given again.
  virtual awaitable<Status> append_audit(std::vector<AuditEntry> entries) = 0;
  // Newest first.
  virtual awaitable<Result<Page<AuditEntry>>> list_audit(UserId user, PageRequest page) = 0;
  // Of all users, for the operator only.
  virtual awaitable<Result<Page<AuditEntry>>> list_all_audit(PageRequest page) = 0;
  // Of all users: rows from before then, and of nobody's rows all but the newest `keep_nobodys`, at
  // most `limit`. Answers how many went.
  virtual awaitable<Result<std::int64_t>> purge_audit(WallTime before, std::int64_t keep_nobodys,
                                                      std::int64_t limit) = 0;
};

}  // namespace pilot::store
