#include "load_client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "http_call.h"
#include "process.h"

namespace pilot::bench {
namespace {

constexpr double kPatience = 30;  // for an answer, when nothing else happens

struct Connection {
  int fd = -1;
  double sent_at = 0;
  bool asked = false;  // an answer is due
  std::string bytes;
};

class Client {
 public:
  explicit Client(const Load& load) : load_(load), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~Client() {
    for (const Connection& connection : connections_) {
      if (connection.fd >= 0) close(connection.fd);
    }
    close(epoll_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Result<LoadResult> run();

 private:
  Status open(std::size_t index);
  void send_request(std::size_t index);
  void receive(std::size_t index);
  void judge(Connection& connection, const Head& head);
  void fail(std::string why);
  void reopen(std::size_t index, std::string why);
  void turn(double now);  // of the phases: warm-up, measured, draining
  bool done(double now);
  LoadResult result() const;

  const Load& load_;
  int epoll_;
  std::vector<Connection> connections_;
  std::vector<double> latencies_;  // seconds
  std::size_t issued_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t errors_ = 0;
  std::string first_error_;
  double started_at_ = 0;
  double began_at_ = 0;  // 0: still warming up
  double ended_at_ = 0;  // 0: still sending
  double last_answer_at_ = 0;
  bool given_up_ = false;
};

Status Client::open(std::size_t index) {
  const Result<int> fd = connect_loopback(load_.port);
  if (!fd) return fd.error();
  fcntl(*fd, F_SETFL, fcntl(*fd, F_GETFL) | O_NONBLOCK);
  connections_[index].fd = *fd;
  epoll_event interest{};
  interest.events = EPOLLIN;
  interest.data.u64 = index;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, *fd, &interest);
  return ok();
}

void Client::send_request(std::size_t index) {
  if (ended_at_ > 0 || (load_.total > 0 && issued_ >= load_.total)) return;
  Connection& connection = connections_[index];
  ++issued_;
  ++in_flight_;
  connection.asked = true;
  connection.sent_at = now_seconds();
  const ssize_t count =
      send(connection.fd, load_.request.data(), load_.request.size(), MSG_NOSIGNAL);
  // A small request always fits into the empty buffer of a connection that waits for nothing.
  if (count != static_cast<ssize_t>(load_.request.size()))
    reopen(index, "the request was not sent");
}

void Client::fail(std::string why) {
  ++errors_;
  if (first_error_.empty()) first_error_ = std::move(why);
}

void Client::reopen(std::size_t index, std::string why) {
  Connection& connection = connections_[index];
  close(connection.fd);
  connection.fd = -1;
  connection.bytes.clear();
  if (connection.asked) {
    connection.asked = false;
    --in_flight_;
    fail(std::move(why));
  }
  if (ended_at_ > 0) return;
  if (Status opened = open(index); !opened) {
    fail(opened.error().message);
    given_up_ = true;
  }
}

void Client::judge(Connection& connection, const Head& head) {
  const double now = now_seconds();
  connection.asked = false;
  --in_flight_;
  last_answer_at_ = now;
  const std::string_view body =
      std::string_view(connection.bytes).substr(head.body_at, head.body_size);
  const bool good = head.status == load_.status &&
                    body.find(load_.wanted) != std::string_view::npos &&
                    (load_.unwanted.empty() || body.find(load_.unwanted) == std::string_view::npos);
  if (!good) {
    fail(fmt::format("status {}: {}", head.status, body.substr(0, 300)));
  } else if (began_at_ > 0 && (ended_at_ == 0 || load_.total > 0)) {
    latencies_.push_back(now - connection.sent_at);
  }
}

void Client::receive(std::size_t index) {
  Connection& connection = connections_[index];
  if (connection.fd < 0) return;
  char piece[16'384];
  const ssize_t count = recv(connection.fd, piece, sizeof piece, 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  bool lost = count <= 0 || !connection.asked;  // nothing may come that was not asked for
  if (!lost) {
    connection.bytes.append(piece, static_cast<std::size_t>(count));
    const std::optional<Head> head = read_head(connection.bytes);
    lost = head && head->status == 0;
    if (!lost && (!head || connection.bytes.size() < head->size())) return;
    if (!lost) {
      judge(connection, *head);
      connection.bytes.clear();
      lost = head->close;
    }
  }
  if (lost) reopen(index, "the connection was closed without an answer");
  if (connections_[index].fd >= 0) send_request(index);
}

void Client::turn(double now) {
  if (began_at_ == 0 && (load_.total > 0 || now >= started_at_ + load_.warmup_seconds)) {
    began_at_ = now;
    if (load_.on_begin) load_.on_begin();
  }
  if (ended_at_ != 0 || began_at_ == 0) return;
  const bool over = load_.total > 0 ? issued_ >= load_.total && in_flight_ == 0
                                    : now >= began_at_ + load_.seconds;
  if (!over && !given_up_) return;
  ended_at_ = now;
  if (load_.on_end) load_.on_end();
}

bool Client::done(double now) {
  if (given_up_ || (ended_at_ > 0 && in_flight_ == 0)) return true;
  if (now - last_answer_at_ < kPatience) return false;
  errors_ += in_flight_;
  if (first_error_.empty()) first_error_ = fmt::format("no answer for {:.0f} s", kPatience);
  given_up_ = true;
  turn(now);
  return true;
}

LoadResult Client::result() const {
  std::vector<double> sorted = latencies_;
  std::sort(sorted.begin(), sorted.end());
  return {.answers = sorted.size(),
          .errors = errors_,
          .first_error = first_error_,
          .seconds = ended_at_ - began_at_,
          .p50_ms = quantile(sorted, 0.50) * 1e3,
          .p99_ms = quantile(sorted, 0.99) * 1e3,
          .max_ms = sorted.empty() ? 0 : sorted.back() * 1e3};
}

Result<LoadResult> Client::run() {
  connections_.resize(static_cast<std::size_t>(load_.connections));
  for (std::size_t index = 0; index < connections_.size(); ++index) {
    if (Status opened = open(index); !opened) return opened.error();
  }
  started_at_ = last_answer_at_ = now_seconds();
  turn(started_at_);
  for (std::size_t index = 0; index < connections_.size(); ++index) send_request(index);
  epoll_event events[128];
  double asked_at = started_at_;  // whether somebody wants us to stop
  while (true) {
    const int count = epoll_wait(epoll_, events, std::size(events), 20);
    for (int i = 0; i < count; ++i) receive(events[i].data.u64);
    const double now = now_seconds();
    turn(now);
    if (done(now)) return result();
    if (now - asked_at < 0.1) continue;
    asked_at = now;
    if (interrupted()) return interruption();
  }
}

}  // namespace

Result<LoadResult> run_load(const Load& load) { return Client(load).run(); }

double quantile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  const std::size_t index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return sorted[std::min(index, sorted.size() - 1)];
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  if (values.empty()) return 0;
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace pilot::bench
