#include "vendor_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace pilot::bench {
namespace {

constexpr const char* kManifest = R"yaml(id: vendor
name: Vendor
category: other
docs: https://vendor.example.com/docs
base: http://127.0.0.1:{}
auth: {{bearer: token}}
actions:
  hold: {{do: GET /hold}}
  list_items: {{do: GET /items, items: .items, page: {{page: page, size: {{per_page: {}}}}}}}
)yaml";

void watch(int epoll, int fd) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

std::string_view value_after(std::string_view head, std::string_view name) {
  const std::size_t at = head.find(name);
  if (at == std::string_view::npos) return {};
  head.remove_prefix(at + name.size());
  return head.substr(0, head.find_first_of("\r& "));
}

}  // namespace

Result<std::unique_ptr<VendorServer>> VendorServer::start() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener, 4'096) != 0) {
    ::close(listener);
    return internal_error("the vendor's server cannot listen");
  }
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  return std::unique_ptr<VendorServer>(new VendorServer(listener, ::epoll_create1(EPOLL_CLOEXEC),
                                                        ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                                                        ntohs(address.sin_port)));
}

VendorServer::VendorServer(int listener, int epoll, int wake, std::uint16_t port)
    : listener_(listener), epoll_(epoll), wake_(wake), port_(port) {
  watch(epoll_, listener_);
  watch(epoll_, wake_);
  thread_ = std::thread(&VendorServer::run, this);
}

VendorServer::~VendorServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ::eventfd_write(wake_, 1);
  thread_.join();
  for (const auto& [fd, text] : open_) ::close(fd);
  for (const int fd : {listener_, epoll_, wake_}) ::close(fd);
}

std::string VendorServer::write_catalog(const std::string& dir) const {
  std::filesystem::create_directories(dir);
  std::ofstream(std::filesystem::path(dir) / "vendor.yaml")
      << fmt::format(fmt::runtime(kManifest), port_, kPage);
  return dir;
}

std::size_t VendorServer::held() const {
  const std::lock_guard lock(mutex_);
  return held_.size();
}

std::size_t VendorServer::tokens() const {
  const std::lock_guard lock(mutex_);
  return tokens_.size();
}

std::size_t VendorServer::pages() const {
  const std::lock_guard lock(mutex_);
  return pages_;
}

std::size_t VendorServer::page_bytes() const {
  const std::lock_guard lock(mutex_);
  return page_bytes_;
}

void VendorServer::release() {
  {
    const std::lock_guard lock(mutex_);
    released_ = true;
  }
  ::eventfd_write(wake_, 1);
}

void VendorServer::run() {
  std::array<epoll_event, 256> events{};
  while (true) {
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener_) {
        accept_all();
      } else if (fd != wake_) {
        read(fd);
      } else {
        eventfd_t ignored = 0;
        ::eventfd_read(wake_, &ignored);
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
        for (const int waiting : std::exchange(held_, {})) answer(waiting, R"({"held":true})");
      }
    }
  }
}

void VendorServer::accept_all() {
  while (true) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    open_.emplace(fd, "");
    watch(epoll_, fd);
  }
}

void VendorServer::close(int fd) {
  open_.erase(fd);
  {
    const std::lock_guard lock(mutex_);
    std::erase(held_, fd);
  }
  ::close(fd);
}

void VendorServer::read(int fd) {
  std::array<char, 4'096> bytes{};
  const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
  if (got <= 0) return close(fd);
  std::string& text = open_[fd];
  text.append(bytes.data(), static_cast<std::size_t>(got));
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return;
  const std::string head = text.substr(0, end + 2);
  text.erase(0, end + 4);
  serve(fd, head);
}

void VendorServer::serve(int fd, std::string_view head) {
  const std::lock_guard lock(mutex_);
  if (head.starts_with("GET /hold")) {
    tokens_.emplace(value_after(head, "Authorization: Bearer "));
    if (released_) return answer(fd, R"({"held":false})");
    return held_.push_back(fd);
  }
  const std::string_view number = value_after(head, "&page=");  // behind per_page
  std::size_t page_number = 1;
  std::from_chars(number.data(), number.data() + number.size(), page_number);
  const std::string body = page(page_number);
  ++pages_;
  page_bytes_ += body.size();
  answer(fd, body);
}

// About 250 bytes an item.
std::string VendorServer::page(std::size_t number) const {
  std::string out = R"({"items":[)";
  const std::size_t first = (number - 1) * kPage;
  for (std::size_t i = first; i < std::min(first + kPage, kItems); ++i) {
    out += fmt::format(
        R"({}{{"id":{},"name":"Customer {}","email":"customer.{}@example.com","active":{},)"
        R"("created_at":"2026-01-31T12:00:{:02}Z","total":{}.5,"tags":["a{}","b"],)"
        R"("note":"a line of words that says something about customer {} and is not short"}})",
        i == first ? "" : ",", i, i, i, i % 3 == 0, i % 60, i, i % 7, i);
  }
  return out + "]}";
}

// Small enough for the socket's buffer; a short write would be a fault of the benchmark.
void VendorServer::answer(int fd, std::string_view body) {
  std::string text = fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
      body.size(), body);
  if (::send(fd, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) {
    fmt::print(stderr, "bench: the vendor's server could not send an answer\n");
  }
}

}  // namespace pilot::bench
