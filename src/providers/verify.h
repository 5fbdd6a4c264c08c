// How to find out whether a call whose answer was lost had been carried out: another action, one
// that only reads, looks for what the call would have made. Pure; any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace pilot::providers {

// The call whose outcome is not known. Lent.
struct LostCall {
  const Json& params;    // as they were sent
  WallTime since;        // when its attempt began, by our clock
  std::string_view key;  // its idempotency key
};

struct Verify {
  std::string action;            // of the same provider; effect class read
  Millis wait{0};                // before it looks: until the vendor's lists show what was made
  bool absent_is_proof = false;  // what it does not find was not carried out, and may be made again
  // The params of `action`.
  std::function<Result<Json>(const LostCall&)> params;
  // From the output of `action`: the output of the call, if it was carried out; else none.
  std::function<Result<std::optional<Json>>(const LostCall&, const Json& output)> found;
};

}  // namespace pilot::providers
