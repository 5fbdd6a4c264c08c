// For the server's tests: a server on a thread of its own, and a client that writes raw bytes.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <thread>

#include "api/server.h"

namespace pilot::api {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{10, 0};  // a test that hangs fails instead
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }
  int fd() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  // Reads until `end` has come, the other side has closed, or ten seconds are over.
  std::string read_until(std::string_view end) {
    while (end.empty() || buffer_.find(end) == std::string::npos) {
      if (!fill()) break;
    }
    const std::size_t at = end.empty() ? std::string::npos : buffer_.find(end);
    const std::size_t size = at == std::string::npos ? buffer_.size() : at + end.size();
    std::string out = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
  }
  std::string read_all() { return read_until(""); }
  bool at_end() { return buffer_.empty() && !fill() && ended_; }
  // One answer with its Content-Length.
  std::string read_answer() {
    std::string head = read_until("\r\n\r\n");
    const std::size_t at = head.find("Content-Length: ");
    std::size_t size = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
    while (buffer_.size() < size && fill()) {
    }
    size = std::min(size, buffer_.size());
    head += buffer_.substr(0, size);
    buffer_.erase(0, size);
    return head;
  }

 private:
  bool fill() {
    std::array<char, 65536> bytes;
    const ssize_t n = ::recv(fd_, bytes.data(), bytes.size(), 0);
    ended_ = n == 0;
    if (n <= 0) return false;
    buffer_.append(bytes.data(), static_cast<std::size_t>(n));
    return true;
  }
  int fd_;
  bool connected_ = false;
  bool ended_ = false;
  std::string buffer_;
};

inline int status_of(const std::string& answer) {
  return answer.size() > 12 && answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

class ServerTest : public ::testing::Test {
 protected:
  ~ServerTest() override {
    if (server_) stop(Millis{200});
    guard_.reset();
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }
  void serve(ServerOptions options = {}) {
    auto server = Server::listen("127.0.0.1", 0, {&context_}, router_, options, log_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    thread_ = std::thread([this] { context_.run(); });
  }
  void stop(Millis grace) {
    std::promise<void> done;
    boost::asio::co_spawn(context_, server_->stop(grace),
                          [&](std::exception_ptr) { done.set_value(); });
    ASSERT_EQ(done.get_future().wait_for(std::chrono::seconds{20}), std::future_status::ready);
  }
  std::uint16_t port() const { return server_->port(); }
  // Connects, sends, reads until the server closes.
  std::string exchange(std::string_view bytes) {
    RawClient client(port());
    client.send(bytes);
    return client.read_all();
  }

  Log log_{LogLevel::off};
  Router router_;
  boost::asio::io_context context_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> guard_{
      boost::asio::make_work_guard(context_)};
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

}  // namespace pilot::api
