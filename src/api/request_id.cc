#include "api/request_id.h"

#include "base/id.h"

namespace pilot::api {

bool is_request_id(std::string_view text) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::string request_id_for(const Request& request, WallTime now, Random& random) {
  const auto given = request.header("X-Request-Id");
  if (given && is_request_id(*given)) return std::string(*given);
  return make_uuid7(now, random);
}

void put_request_id(Response& response, std::string_view id) {
  if (id.empty() || response.content_type != "application/problem+json") return;
  // The body is an object that problem() wrote, so it ends with its brace.
  if (response.body.size() < 2 || response.body.back() != '}') return;
  response.body.pop_back();
  response.body += R"(,"request_id":")";
  response.body += id;
  response.body += "\"}";
}

}  // namespace pilot::api
