// The id by which a request is found again in logs, in the audit log and in the answer's
// X-Request-Id. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "api/request.h"
#include "api/response.h"
#include "base/random.h"

namespace pilot::api {

// 1 to 64 of [A-Za-z0-9._-]: safe in a header, a log line and a JSON text as it stands.
bool is_request_id(std::string_view text);

// The client's own X-Request-Id if it gave one that is usable, else a new UUIDv7.
std::string request_id_for(const Request& request, WallTime now, Random& random);

// Adds the member `request_id` to a problem; other answers stay as they are.
void put_request_id(Response& response, std::string_view id);

}  // namespace pilot::api
