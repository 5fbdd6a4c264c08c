// A blocking client of Pilot's own API, for the command line. One call at a time; any one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/json.h"

namespace pilot::api {

struct ClientAnswer {
  int status = 0;
  Json body;  // null when it was not JSON
};

struct ServerEvent {
  std::string id;
  std::string type;
  Json data;
};

class Client {
 public:
  // `url`: http://127.0.0.1:8080; `token` may be empty. `query` ("a=b", encoded, may be empty) goes
  // with every call.
  Client(std::string url, std::string token, std::string query = {});
  ~Client();

  // An answer of any status is a value; an Error means that there was none (server_unreachable).
  Result<ClientAnswer> call(std::string_view method, std::string_view target,
                            const std::optional<Json>& body = std::nullopt);
  // As call, and an answer of 400 or more becomes an Error with the problem's code, message and
  // pointer.
  Result<Json> expect(std::string_view method, std::string_view target,
                      const std::optional<Json>& body = std::nullopt);
  // Server-sent events until `on_event` answers false or the stream ends. `last_id` may be empty.
  Status follow(std::string_view target, std::string_view last_id,
                const std::function<bool(const ServerEvent&)>& on_event);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The Error that a problem+json answer stands for.
Error problem_to_error(const ClientAnswer& answer);

}  // namespace pilot::api
