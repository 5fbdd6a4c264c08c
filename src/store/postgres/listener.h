// Hears of runs that other processes have left to be claimed: a thread of its own that listens on a
// direct connection (LISTEN does not work through a pooler; then nothing is heard, and polling has
// to do). A connection that breaks is made again, and what may have been missed is told as news.
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace pilot {
class Log;
}

namespace pilot::store::postgres {

class Session;

class Listener {
 public:
  // `on_news` is called on the listener's thread.
  Listener(std::string url, std::function<void()> on_news, Log& log);
  ~Listener();  // ends the thread
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  void run();
  bool listen_on(Session& session);
  bool wait(int socket, int timeout_ms) const;  // false: it is time to go

  const std::string url_;
  const std::function<void()> on_news_;
  Log& log_;
  int wake_ = -1;  // eventfd: somebody wants the thread to end
  std::thread thread_;
};

}  // namespace pilot::store::postgres
