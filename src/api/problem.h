// Errors as answers: RFC 9457 application/problem+json, with the old service's {"error": "..."}
// text beside it. The one table from ErrorKind to HTTP status. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "api/response.h"
#include "base/error.h"
#include "model/problem.h"

namespace pilot::api {

// What is known about a limit that was passed, for the members `limit` and `actual`.
struct Exceeded {
  std::uint64_t limit = 0;
  std::optional<std::uint64_t> actual;
};

// invalid_argument is 400 when the input could not be read (not JSON, too deep, ...) and 422 when
// it was read but makes no sense; the rest goes by kind.
int status_of(const Error& error);

// {type, title, status, detail, code, error, pointer?}; Retry-After from error.retry_after. Of an
// internal error nothing is told: its message goes to Response::note, for the log.
Response problem(const Error& error);
Response problem(const Error& error, int status);
// As above with all that is wrong under `problems` ([{pointer, code, message}]).
Response problem(const Error& error, const Problems& problems);
Response problem(const Error& error, const Exceeded& exceeded, int status = 413);

// 429 rate_limited that names the limit: {..., limit: "requests_per_second_of_key"}.
Response limit_reached(std::string_view limit, std::int64_t value,
                       std::chrono::seconds retry_after);

Json to_json_value(const Problems& problems);

}  // namespace pilot::api
