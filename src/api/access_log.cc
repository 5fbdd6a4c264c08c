#include "api/access_log.h"

#include "api/router.h"

namespace pilot::api {
namespace {

std::string_view route_of(const Request& request) {
  return request.route == nullptr ? std::string_view("-") : request.route->pattern;
}

}  // namespace

void log_answer(Log& log, LogLevel level, const Request& request, const Response& response,
                Millis took) {
  if (response.status >= 500 && !response.note.empty()) {
    log.event(LogLevel::error, response.note,
              {{"method", to_string(request.method)},
               {"route", route_of(request)},
               {"request_id", request.id}});
  }
  if (!log.writes(level)) return;
  log.event(level, "request",
            {{"method", to_string(request.method)},
             {"route", route_of(request)},
             {"status", response.status},
             {"ms", took.count()},
             {"request_id", request.id},
             {"user", request.principal.text},
             {"caller", request.caller.credential},
             {"address", request.peer}});
}

}  // namespace pilot::api
