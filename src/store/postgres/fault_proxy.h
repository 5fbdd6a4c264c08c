// A TCP proxy that breaks connections in the ways that networks do: cut after so many bytes, reset,
// gone silent without a word (half-open), refused, or held back for a while. A thread of its own
// and plain sockets. For tests only.
#pragma once

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <list>
#include <mutex>

#include "store/postgres/child_under_test.h"

namespace pilot::store::postgres {

class FaultProxy {
 public:
  enum class To { client, server };
  enum class How { close, reset, silence };

  // In front of a server on 127.0.0.1.
  explicit FaultProxy(std::uint16_t server) : server_(server) {
    listen();
    thread_ = std::thread([this] { run(); });
  }
  ~FaultProxy() {
    change([](FaultProxy& p) { p.ending_ = true; });
    thread_.join();
    links_.clear();
    ::close(listener_);
    ::close(wake_);
  }
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  std::uint16_t port() const { return port_; }

  // Lets so many more bytes pass in that direction, over all connections, and then ends the one
  // that has the next. Once.
  void cut_after(To to, std::size_t bytes, How how = How::close) {
    change([=](FaultProxy& p) {
      p.budget_ = bytes;
      p.budget_of_ = to;
      p.how_ = how;
    });
  }
  // False: it has been cut. Arms no more.
  bool disarm() {
    return change([](FaultProxy& p) { return std::exchange(p.budget_, std::nullopt).has_value(); });
  }
  // Ends all that are open. How::silence: nothing passes any more, and nobody is told.
  void cut_all(How how = How::close) {
    change([=](FaultProxy& p) {
      for (Link& link : p.links_) p.end(link, how);
    });
  }
  // New connections are refused, or welcome again.
  void refuse(bool refused) {
    change([=](FaultProxy& p) {
      if (refused && p.listener_ >= 0) ::close(std::exchange(p.listener_, -1));
      if (!refused && p.listener_ < 0) p.listen();
    });
  }
  // What comes from the server waits.
  void hold(bool held) {
    change([=](FaultProxy& p) { p.held_ = held; });
  }
  std::size_t passed(To to) {
    return change([=](FaultProxy& p) { return to == To::client ? p.to_client_ : p.to_server_; });
  }

 private:
  struct Link {
    Link(int client_socket, int server_socket) : client(client_socket), server(server_socket) {}
    ~Link() {
      ::close(client);
      ::close(server);
    }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    int client;
    int server;
    bool silent = false;
    bool over = false;
  };

  template <class Change>
  std::invoke_result_t<Change, FaultProxy&> change(Change what) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t one = 1;
    static_cast<void>(!::write(wake_, &one, sizeof one));
    return what(*this);
  }

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }
  void listen() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address = loopback(port_);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 128) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("the proxy cannot listen");
    }
    port_ = ntohs(address.sin_port);
  }

  void end(Link& link, How how) {
    if (how == How::silence) {
      link.silent = true;
      return;
    }
    if (how == How::reset) {
      const linger at_once{1, 0};
      ::setsockopt(link.client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      ::setsockopt(link.server, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    link.over = true;
  }

  void accept() {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(server_);
    const int yes = 1;
    for (const int each : {client, server}) {
      ::setsockopt(each, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    Link& link = links_.emplace_back(client, server);
    link.over = ::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0;
  }

  // Some bytes from one side to the other.
  void pass(Link& link, To to) {
    char bytes[16'384];
    const int from = to == To::client ? link.server : link.client;
    const ssize_t got = ::recv(from, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return end(link, got < 0 ? How::reset : How::close);
    auto size = static_cast<std::size_t>(got);
    const bool cut = budget_ && budget_of_ == to && size > *budget_;
    if (cut) size = *budget_;
    if (budget_ && budget_of_ == to) *budget_ -= size;
    (to == To::client ? to_client_ : to_server_) += size;
    const int into = to == To::client ? link.client : link.server;
    for (std::size_t at = 0; at < size;) {
      const ssize_t sent = ::send(into, bytes + at, size - at, MSG_NOSIGNAL);
      if (sent <= 0) return end(link, How::reset);
      at += static_cast<std::size_t>(sent);
    }
    if (!cut) return;
    budget_.reset();
    end(link, how_);
  }

  void run() {
    for (;;) {
      std::vector<pollfd> waiting{{wake_, POLLIN, 0}};
      {
        const std::lock_guard lock(mutex_);
        if (ending_) return;
        links_.remove_if([](const Link& link) { return link.over; });
        waiting.push_back({listener_, POLLIN, 0});
        for (const Link& link : links_) {
          waiting.push_back({link.silent ? -1 : link.client, POLLIN, 0});
          waiting.push_back({link.silent || held_ ? -1 : link.server, POLLIN, 0});
        }
      }
      ::poll(waiting.data(), waiting.size(), -1);
      const std::lock_guard lock(mutex_);
      std::uint64_t times = 0;
      if (waiting[0].revents != 0) static_cast<void>(!::read(wake_, &times, sizeof times));
      auto link = links_.begin();
      for (std::size_t i = 2; i < waiting.size() && link != links_.end(); i += 2, ++link) {
        if (link->over || link->silent) continue;
        if (waiting[i].revents != 0) pass(*link, To::server);
        if (!link->over && waiting[i + 1].revents != 0) pass(*link, To::client);
      }
      if (listener_ >= 0 && waiting[1].fd == listener_ && waiting[1].revents != 0) accept();
    }
  }

  const std::uint16_t server_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::mutex mutex_;  // guards all below
  std::list<Link> links_;
  std::optional<std::size_t> budget_;
  To budget_of_ = To::client;
  How how_ = How::close;
  std::size_t to_client_ = 0;
  std::size_t to_server_ = 0;
  bool held_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace pilot::store::postgres
