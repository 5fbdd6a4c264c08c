// A service that steps call, on 127.0.0.1: a thread per connection, raw sockets. It records each
// request before it answers, and answers as it was told: well, late, never, wrongly, endlessly.
// All members may be called from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "process.h"
#include "wire.h"

namespace pilot::e2e {

struct Seen {
  std::string method;
  std::string target;  // with its query
  std::string path;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::chrono::steady_clock::time_point at;  // when it had come whole

  std::string header(const std::string& name) const;
  std::string query(const std::string& name) const;  // as it stands in the target
};

// One accepted connection, for a Reply to write to.
class Peer {
 public:
  Peer(int fd, class FakeService& service) : fd_(fd), service_(service) {}
  bool send(std::string_view bytes);  // false: the client has gone
  void reply(int status, std::string_view body, const Headers& headers = {});
  void close_after() { keep_ = false; }  // the connection ends with this answer
  void wait_for_close();                 // until the client or the service goes
  void pause(std::chrono::milliseconds time);

 private:
  friend class FakeService;
  bool read_request(Seen& seen);
  bool read_some();
  int fd_;
  FakeService& service_;
  bool keep_ = true;
  std::string buffer_;
};

using Reply = std::function<void(Peer&, const Seen&)>;

class FakeService {
 public:
  explicit FakeService(Reply otherwise);
  ~FakeService();
  FakeService(const FakeService&) = delete;
  FakeService& operator=(const FakeService&) = delete;

  std::string url(const std::string& path = "") const;
  void on(const std::string& path, Reply reply);
  std::vector<Seen> seen(const std::string& path = "") const;  // in the order they came
  std::size_t count(const std::string& path = "") const;
  [[nodiscard]] bool wait_for(const std::string& path, std::size_t count,
                              std::chrono::milliseconds patience = kPatience) const;
  // No connection is open: all that a process which has ended ever sent is recorded.
  [[nodiscard]] bool wait_until_unused(std::chrono::milliseconds patience = kPatience) const;

 private:
  friend class Peer;
  void accept_all();
  void serve(int fd);
  std::size_t count_locked(const std::string& path) const;

  Reply otherwise_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::map<std::string, Reply> replies_;  // these under mutex_
  std::vector<Seen> seen_;
  std::map<std::string, std::size_t> counts_;
  std::set<int> open_;
  bool stopping_ = false;
  std::thread acceptor_;
};

// What a service may do.
Reply answer(int status, std::string body, Headers headers = {});
Reply echo();  // 200 {method, target, headers, body}
Reply after(std::chrono::milliseconds delay, Reply then);
Reply fail_first(int times, int status, Headers headers, Reply then);  // per path and query
Reply never();
Reply close_without_answer();
Reply close_half_way();
Reply garbage();
Reply redirect_for_ever();
Reply gzip_bomb();  // 200 MB in about 1.3 MB
Reply endless_body();

}  // namespace pilot::e2e
