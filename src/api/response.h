// What a handler answers: a whole body, or a stream of pieces (SSE). Values; written by the
// session.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace pilot::api {

using boost::asio::awaitable;

// The far end of a streamed answer. On its session's shard only.
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;
  // Waits until the piece is handed to the network. False: the client is gone, too slow (the write
  // time-out), or the server stops; write nothing more.
  virtual awaitable<bool> write(std::string piece) = 0;
  virtual bool closed() const = 0;
  // Called once, soon after the client has gone or the server begins to stop.
  virtual void on_close(std::function<void()> call) = 0;
  // Cuts the connection off without a proper end, so that the client knows that something is
  // missing.
  virtual void drop() = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";  // empty: no body
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // Set: `body` is not used; the answer is what this writes, and ends when it returns.
  std::function<awaitable<void>(StreamWriter&)> stream;
  bool close = false;  // close the connection after this answer
  std::string note;    // for the server's log only, never sent
  std::string code;    // of a problem
  // It holds something that is shown once, like a new key: it is not kept for an Idempotency-Key.
  bool shown_once = false;
};

Response json_response(const Json& value, int status = 200);
Response text_response(std::string text, int status = 200);

std::string_view status_text(int status);  // "Not Found"

}  // namespace pilot::api
