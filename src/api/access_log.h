// What the server's own log says of a request: by its route's pattern, never by its path or query,
// which can hold secrets; no header and no body. Any thread.
#pragma once

#include "api/request.h"
#include "api/response.h"
#include "base/clock.h"
#include "base/log.h"

namespace pilot::api {

// A line "request" at `level`, and for an answer of 500 and more that has a note a line at error.
void log_answer(Log& log, LogLevel level, const Request& request, const Response& response,
                Millis took);

}  // namespace pilot::api
