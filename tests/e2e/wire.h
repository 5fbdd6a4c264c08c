// HTTP as the tests speak it: a small client of raw sockets, so that nothing of Pilot's own client
// or server code judges itself. Blocking; one thread per object.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace pilot::e2e {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Answer {
  int status = 0;                              // 0: no (whole) answer came
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  Json json;  // null if the body is none

  std::string header(const std::string& name) const;
  std::string text(std::string_view key) const;  // a member of `json` that is a text, else ""
};

// A connection that is kept and used for one request after the other.
class Connection {
 public:
  explicit Connection(const std::string& url);  // http://127.0.0.1:PORT
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Answer send(std::string_view method, std::string_view target, std::string_view body = {},
              const Headers& headers = {});
  bool open() const { return fd_ >= 0; }

  bool write(std::string_view bytes);
  // Reads one answer; `only_head` leaves the body to be read by read_more.
  Answer read_answer(bool only_head = false);
  bool read_more();  // false: at its end
  std::string& buffer() { return buffer_; }

 private:
  bool read_body(Answer& answer);
  void close();
  int fd_ = -1;
  std::string host_;
  std::string buffer_;
};

// One request on a connection of its own. A body is JSON.
Answer call(const std::string& url, std::string_view method, std::string_view target,
            std::string_view body = {}, const Headers& headers = {});

struct Event {
  std::string id;
  std::string type;
  Json data;
};

// Server-sent events.
class EventStream {
 public:
  EventStream(const std::string& url, const std::string& target, const std::string& last_id = {});
  int status() const { return head_.status; }
  const Answer& head() const { return head_; }
  std::optional<Event> next();  // none: the stream has ended

 private:
  bool take_chunk();
  Connection connection_;
  Answer head_;
  bool chunked_ = false;
  std::string text_;
};

// JSON with ' for ", which is easier to read inside C++.
std::string quoted(std::string text);

}  // namespace pilot::e2e
