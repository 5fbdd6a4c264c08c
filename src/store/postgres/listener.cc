#include "store/postgres/listener.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>

#include "base/log.h"
#include "store/postgres/connect.h"

namespace pilot::store::postgres {
namespace {

constexpr int kAgainMs = 1'000;

}  // namespace

Listener::Listener(std::string url, std::function<void()> on_news, Log& log)
    : url_(std::move(url)),
      on_news_(std::move(on_news)),
      log_(log),
      wake_(eventfd(0, EFD_CLOEXEC)) {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "pg-listen");
}

Listener::~Listener() {
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_, &one, sizeof one));
  thread_.join();
  ::close(wake_);
}

bool Listener::wait(int socket, int timeout_ms) const {
  std::array<pollfd, 2> look{{{wake_, POLLIN, 0}, {socket, POLLIN, 0}}};
  ::poll(look.data(), socket >= 0 ? 2 : 1, timeout_ms);
  return (look[0].revents & POLLIN) == 0;
}

void Listener::run() {
  do {
    Result<Session> session = Session::open(url_);
    if (!session) continue;  // the connector tells of it
    const auto traits = session->traits();
    if (!traits) continue;
    if (!traits->prepared) {
      log_.info("database: behind a pooler nothing is heard of other nodes; they are polled");
      return;
    }
    if (!session->execute("LISTEN pilot")) continue;
    on_news_();
    if (!listen_on(*session)) return;
  } while (wait(-1, kAgainMs));
}

// False: it is time to go; true: the connection broke.
bool Listener::listen_on(Session& session) {
  while (wait(session.socket(), -1)) {
    const std::optional<bool> heard = session.take_news();
    if (!heard) return true;
    if (*heard) on_news_();
  }
  return false;
}

}  // namespace pilot::store::postgres
