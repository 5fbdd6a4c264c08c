// Just enough HTTP/1.1 to talk to servers of this machine: one blocking call at a time, and the
// pieces that the load client is made of. Errors: no_answer, bad_answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace pilot::bench {

struct Head {
  int status = 0;
  std::size_t body_at = 0;
  std::size_t body_size = 0;
  bool close = false;  // the server ends the connection after this answer
  std::size_t size() const { return body_at + body_size; }
};

// Of an answer that has Content-Length; nothing while the head is not complete. status 0: garbage.
std::optional<Head> read_head(std::string_view bytes);

struct Answer {
  int status = 0;
  std::string body;
};

// A server of this machine, and the API key that it wants to see (empty: none).
struct Address {
  std::uint16_t port = 0;
  std::string key = {};
};

// A complete request, to be sent as it is. A body goes out as JSON.
std::string request_text(std::string_view method, std::string_view path, const Address& to,
                         std::string_view body = {});

// A connected TCP socket to 127.0.0.1, without Nagle's delay; the caller closes it.
Result<int> connect_loopback(std::uint16_t port);

Result<Answer> call(const Address& to, std::string_view method, std::string_view path,
                    std::string_view body = {});
// The same, for a JSON answer with that status.
Result<Json> call_json(const Address& to, std::string_view method, std::string_view path,
                       std::string_view body, int status);

// Finds one that nobody listens on just now.
Result<std::uint16_t> free_port();

}  // namespace pilot::bench
