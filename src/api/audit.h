// The audit trail: who was refused (401, 403, 429), and who changed keys, users, credentials or the
// key ring, or did something for another user. Rows are gathered beside the answers, bounded, and
// written in batches; no request ever waits for one. Any thread.
//
// What a stranger sends cannot fill the disk: refusals are recorded at a bounded rate for each
// user, and for nobody at all together; what is left out is counted. Privileged calls are always
// recorded.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "api/rate_limits.h"
#include "api/request.h"
#include "api/response.h"
#include "base/log.h"
#include "base/random.h"
#include "store/store.h"

namespace pilot::api {

struct AuditOptions {
  std::size_t most_waiting = 10'000;         // rows in memory
  RateLimit refusals_of_nobody{1, 60, 0};    // all strangers together
  RateLimit refusals_of_user{5, 300, 0};     // each
  Millis kept{std::chrono::hours{24 * 90}};  // then a row goes
  std::int64_t kept_of_nobody = 100'000;     // rows
};

// Whether it stands in the log, and what it says then. Pure.
bool is_refusal(const Response& response);
bool is_privileged(const Request& request);
store::AuditEntry to_audit(const Request& request, const Response& response, WallTime now);

class AuditTrail {
 public:
  // All outlive this and the work on `background`; without one (tests) flush() writes.
  AuditTrail(AuditOptions options, store::Store& store, const Clock& clock, Log& log,
             std::unique_ptr<Random> random, boost::asio::any_io_executor background = {});
  ~AuditTrail();
  AuditTrail(const AuditTrail&) = delete;
  AuditTrail& operator=(const AuditTrail&) = delete;

  // Records the answer if it belongs there.
  void note(const Request& request, const Response& response);
  // Writes what waits; at the end of the process, or of a test.
  awaitable<void> flush();
  std::uint64_t dropped() const;  // rows that were left out or could not be written

 private:
  struct State;
  static awaitable<void> write(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace pilot::api
