#include "fake_service.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pilot::e2e {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

void read_head(std::string_view head, Seen& seen) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const std::size_t space = line.find(' ');
  seen.method = line.substr(0, space);
  seen.target = line.substr(space + 1, line.rfind(' ') - space - 1);
  seen.path = seen.target.substr(0, seen.target.find('?'));
  std::size_t at = line.size();
  while (at + 2 < head.size()) {
    const std::size_t end = std::min(head.find("\r\n", at + 2), head.size());
    const std::string_view entry = head.substr(at + 2, end - at - 2);
    at = end;
    const std::size_t colon = entry.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = entry.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    seen.headers[lower(entry.substr(0, colon))] = value;
  }
}

}  // namespace

std::string Seen::header(const std::string& name) const {
  const auto it = headers.find(name);
  return it == headers.end() ? std::string() : it->second;
}

std::string Seen::query(const std::string& name) const {
  const std::size_t mark = target.find('?');
  if (mark == std::string::npos) return {};
  std::string_view rest = std::string_view(target).substr(mark + 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.starts_with(name + "=")) return std::string(pair.substr(name.size() + 1));
  }
  return {};
}

bool Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void Peer::reply(int status, std::string_view body, const Headers& headers) {
  std::string text = fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n", status, body.size());
  bool typed = false;
  for (const auto& [name, value] : headers) {
    text += fmt::format("{}: {}\r\n", name, value);
    typed = typed || lower(name) == "content-type";
  }
  if (!typed) text += "Content-Type: application/json\r\n";
  text += "\r\n";
  text += body;
  if (!send(text)) keep_ = false;
}

void Peer::wait_for_close() {
  keep_ = false;
  char bytes[4096];
  while (::recv(fd_, bytes, sizeof bytes, 0) > 0) {
  }
}

void Peer::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(service_.mutex_);
  service_.changed_.wait_for(lock, time, [this] { return service_.stopping_; });
}

bool Peer::read_some() {
  char bytes[16384];
  const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
  if (n <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(n));
  return true;
}

bool Peer::read_request(Seen& seen) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!read_some()) return false;
  }
  read_head(std::string_view(buffer_).substr(0, end), seen);
  const std::string length = seen.header("content-length");
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  if (lower(seen.header("expect")) == "100-continue") send("HTTP/1.1 100 Continue\r\n\r\n");
  while (buffer_.size() < end + 4 + size) {
    if (!read_some()) return false;
  }
  seen.body = buffer_.substr(end + 4, size);
  buffer_.erase(0, end + 4 + size);
  seen.at = std::chrono::steady_clock::now();
  return true;
}

FakeService::FakeService(Reply otherwise) : otherwise_(std::move(otherwise)) {
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

FakeService::~FakeService() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  std::unique_lock lock(mutex_);
  stopping_ = true;
  for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  changed_.notify_all();
  changed_.wait(lock, [this] { return open_.empty(); });
}

std::string FakeService::url(const std::string& path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

void FakeService::on(const std::string& path, Reply reply) {
  const std::lock_guard lock(mutex_);
  replies_[path] = std::move(reply);
}

std::vector<Seen> FakeService::seen(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  std::vector<Seen> out;
  for (const Seen& request : seen_) {
    if (path.empty() || request.path == path) out.push_back(request);
  }
  return out;
}

std::size_t FakeService::count_locked(const std::string& path) const {
  if (path.empty()) return seen_.size();
  const auto it = counts_.find(path);
  return it == counts_.end() ? 0 : it->second;
}

std::size_t FakeService::count(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return count_locked(path);
}

bool FakeService::wait_for(const std::string& path, std::size_t count,
                           std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return count_locked(path) >= count; });
}

bool FakeService::wait_until_unused(std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [this] { return open_.empty(); });
}

void FakeService::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    {
      const std::lock_guard lock(mutex_);
      open_.insert(fd);
    }
    // The destructor waits until open_ is empty, so the thread never outlives this.
    std::thread([this, fd] { serve(fd); }).detach();
  }
}

void FakeService::serve(int fd) {
  {
    Peer peer(fd, *this);
    while (peer.keep_) {
      Seen seen;
      if (!peer.read_request(seen)) break;
      Reply reply;
      {
        const std::lock_guard lock(mutex_);
        if (stopping_) break;
        seen_.push_back(seen);
        ++counts_[seen.path];
        changed_.notify_all();
        const auto it = replies_.find(seen.path);
        reply = it == replies_.end() ? otherwise_ : it->second;
      }
      reply(peer, seen);
    }
  }
  const std::lock_guard lock(mutex_);
  ::close(fd);
  open_.erase(fd);
  changed_.notify_all();
}

}  // namespace pilot::e2e
