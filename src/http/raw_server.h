// For tests: a server of raw sockets on 127.0.0.1, one thread a connection, that does exactly what
// a test tells it to, and a harness that sends through the real transport.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "http/transport.h"

namespace pilot::http::testing {

// One accepted connection. Closed when the handler returns.
class Peer {
 public:
  explicit Peer(int socket) : socket_(socket) {}

  // Head and body (by Content-Length) of the next request; empty when the client has gone.
  std::string read_request() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_some()) return {};
    }
    end += 4;
    std::size_t length = 0;
    if (const auto at = buffer_.find("Content-Length: "); at < end) {
      length = std::stoul(buffer_.substr(at + 16));
    }
    while (buffer_.size() < end + length) {
      if (!read_some()) return {};
    }
    return take(end + length);
  }
  std::string read_line() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
      if (!read_some()) return {};
    }
    return take(end + 2).substr(0, end);
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  bool reply(std::string_view body, std::string_view headers = "",
             std::string_view status = "200 OK") {
    return send(fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(),
                            headers, body));
  }
  // Whatever has come first, like a TLS hello.
  void wait_for_bytes() { static_cast<void>(read_some()); }
  void wait_for_close() {
    while (read_some()) buffer_.clear();
  }
  void reset_on_close() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

 private:
  bool read_some() {
    char bytes[4096];
    const ssize_t n = ::recv(socket_, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }
  std::string take(std::size_t size) {
    std::string out = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
  }

  int socket_;
  std::string buffer_;
};

class RawServer {
 public:
  using Handler = std::function<void(Peer&)>;

  explicit RawServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 4096), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(std::string_view target = "/") const {
    return fmt::format("http://127.0.0.1:{}{}", port_, target);
  }
  int connections() const { return connections_; }

 private:
  void accept_all() {
    for (;;) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      ++connections_;
      const std::lock_guard lock(mutex_);
      open_.push_back(socket);
      threads_.emplace_back([this, socket] { serve(socket); });
    }
  }
  void serve(int socket) {
    Peer peer(socket);
    handler_(peer);
    const std::lock_guard lock(mutex_);
    std::erase(open_, socket);
    ::close(socket);
  }

  Handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<int> open_;             // under mutex_
  std::vector<std::thread> threads_;  // the acceptor's, then the destructor's
  std::thread acceptor_;
};

// A flag that a server thread sets and a test waits for, or the other way round.
class Signal {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds{10}, [this] { return set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

// A shard (this thread) and a transport. Loopback is open unless a test says otherwise.
class Harness {
 public:
  explicit Harness(AddressPolicy policy = {.allow_loopback = true}, std::string proxy = {},
                   std::string authorities = {})
      : transport_(make_curl_transport(
            {.addresses = policy, .proxy = std::move(proxy), .authorities = std::move(authorities)},
            log_)) {}

  void start(Request request, std::function<void(Answer)> then, CancelToken token = {}) {
    spawn(transport_->send(std::move(request), std::move(token)), std::move(then));
  }
  // Runs the shard until all calls have their answers; false after 30 s.
  [[nodiscard]] bool run() {
    context_.restart();
    context_.run_for(std::chrono::seconds{30});
    return context_.stopped();
  }
  Answer send(Request request, CancelToken token = {}) {
    return wait_for(transport_->send(std::move(request), std::move(token)));
  }
  Answer mail(Mail mail, CancelToken token = {}) {
    return wait_for(transport_->send_mail(std::move(mail), std::move(token)));
  }
  boost::asio::io_context& context() { return context_; }
  void destroy_transport() { transport_.reset(); }

 private:
  void spawn(boost::asio::awaitable<Answer> call, std::function<void(Answer)> then) {
    boost::asio::co_spawn(context_, std::move(call),
                          [then = std::move(then)](std::exception_ptr error, Answer answer) {
                            if (error) std::rethrow_exception(error);
                            then(std::move(answer));
                          });
  }
  Answer wait_for(boost::asio::awaitable<Answer> call) {
    std::optional<Answer> out;
    spawn(std::move(call), [&out](Answer answer) { out = std::move(answer); });
    EXPECT_TRUE(run()) << "no answer after 30 s";
    if (!out) return {};
    EXPECT_NE(out->response.has_value(), out->error.has_value());
    return std::move(*out);
  }

  Log log_{LogLevel::off};
  boost::asio::io_context context_;
  std::unique_ptr<Transport> transport_;
};

// "200 body" or "error code sent|unsent again|final".
inline std::string outcome(const Answer& answer) {
  if (answer.response) return fmt::format("{} {}", answer.response->status, answer.response->body);
  if (!answer.error) return "nothing";
  return fmt::format("error {} {} {}", answer.error->code, answer.error->sent ? "sent" : "unsent",
                     answer.error->retryable ? "again" : "final");
}

inline Request get(std::string url) { return {.method = "GET", .url = std::move(url)}; }

inline Request post(std::string url, std::string body) {
  return {.method = "POST", .url = std::move(url), .body = std::move(body), .has_body = true};
}

}  // namespace pilot::http::testing
