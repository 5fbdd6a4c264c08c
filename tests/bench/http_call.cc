#include "http_call.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

namespace pilot::bench {
namespace {

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Error no_answer(std::string_view what) {
  return unavailable("no_answer", fmt::format("{}: {}", what, std::strerror(errno)));
}

// The value of a header; `name` in lower case with its colon.
std::string_view header(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2);
    if (line.size() < name.size() || strncasecmp(line.data(), name.data(), name.size()) != 0) {
      continue;
    }
    std::string_view value = line.substr(name.size());
    value = value.substr(0, value.find("\r\n"));
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    return value;
  }
  return {};
}

}  // namespace

std::optional<Head> read_head(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  Head head;
  head.body_at = end + 4;
  const std::string_view text = bytes.substr(0, end);
  const std::string_view length = header(text, "content-length:");
  const auto read = std::from_chars(length.data(), length.data() + length.size(), head.body_size);
  if (read.ec != std::errc{} || !text.starts_with("HTTP/1.1 ") || text.size() < 12) return Head{};
  std::from_chars(text.data() + 9, text.data() + 12, head.status);
  head.close = header(text, "connection:") == "close";
  return head;
}

std::string request_text(std::string_view method, std::string_view path, const Address& to,
                         std::string_view body) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n", method, path, to.port);
  if (!to.key.empty()) text += fmt::format("Authorization: Bearer {}\r\n", to.key);
  if (!body.empty()) text += "Content-Type: application/json\r\n";
  if (!body.empty() || method == "POST") text += fmt::format("Content-Length: {}\r\n", body.size());
  return text + "\r\n" + std::string(body);
}

Result<int> connect_loopback(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return no_answer("socket");
  const sockaddr_in address = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    Error error = no_answer(fmt::format("connect to 127.0.0.1:{}", port));
    close(fd);
    return error;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

Result<Answer> call(const Address& to, std::string_view method, std::string_view path,
                    std::string_view body) {
  const Result<int> connected = connect_loopback(to.port);
  if (!connected) return connected.error();
  const Socket socket(*connected);
  const timeval patience{.tv_sec = 60, .tv_usec = 0};
  setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const std::string request = request_text(method, path, to, body);
  if (send(socket.fd(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return no_answer(fmt::format("{} {}", method, path));
  }
  std::string bytes;
  char piece[16'384];
  while (true) {
    const ssize_t count = recv(socket.fd(), piece, sizeof piece, 0);
    if (count < 0) return no_answer(fmt::format("{} {}", method, path));
    bytes.append(piece, static_cast<std::size_t>(count));
    const std::optional<Head> head = read_head(bytes);
    if (head && head->status != 0 && bytes.size() >= head->size()) {
      return Answer{head->status, bytes.substr(head->body_at, head->body_size)};
    }
    if (count == 0 || (head && head->status == 0)) {
      return invalid("bad_answer", fmt::format("{} {}: no whole HTTP answer: {}", method, path,
                                               bytes.substr(0, 200)));
    }
  }
}

Result<Json> call_json(const Address& to, std::string_view method, std::string_view path,
                       std::string_view body, int status) {
  const Result<Answer> answer = call(to, method, path, body);
  if (!answer) return answer.error();
  if (answer->status != status) {
    return invalid("bad_answer", fmt::format("{} {} answered {}: {}", method, path, answer->status,
                                             answer->body.substr(0, 500)));
  }
  return parse_json(answer->body);
}

Result<std::uint16_t> free_port() {
  const Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return no_answer("find a free port");
  }
  return ntohs(address.sin_port);
}

}  // namespace pilot::bench
