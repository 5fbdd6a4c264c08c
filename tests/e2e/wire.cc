#include "wire.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "process.h"

namespace pilot::e2e {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

Json json_of(const std::string& body) {
  const JsonLimits wide{.max_bytes = 256u << 20, .max_depth = 200, .max_keys = 10'000'000};
  Result<Json> value = parse_json(body, wide);
  return value ? std::move(*value) : Json(nullptr);
}

Answer head_of(std::string_view head) {
  Answer answer;
  if (head.size() < 12 || !head.starts_with("HTTP/1.1 ")) return answer;
  answer.status = std::stoi(std::string(head.substr(9, 3)));
  std::size_t at = head.find("\r\n");
  while (at != std::string_view::npos && at + 2 < head.size()) {
    const std::size_t end = std::min(head.find("\r\n", at + 2), head.size());
    const std::string_view line = head.substr(at + 2, end - at - 2);
    at = end;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    answer.headers[lower(line.substr(0, colon))] = value;
  }
  return answer;
}

}  // namespace

std::string Answer::header(const std::string& name) const {
  const auto it = headers.find(name);
  return it == headers.end() ? std::string() : it->second;
}

std::string Answer::text(std::string_view key) const { return std::string(string_or(json, key)); }

Connection::Connection(const std::string& url) {
  const std::size_t colon = url.rfind(':');
  if (!url.starts_with("http://127.0.0.1:") || colon < 7) return;
  host_ = url.substr(7);
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{kPatience.count(), 0};
  const int on = 1;
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(url.substr(colon + 1))));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) close();
}

Connection::~Connection() { close(); }

void Connection::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool Connection::write(std::string_view bytes) {
  while (!bytes.empty() && fd_ >= 0) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return fd_ >= 0;
}

bool Connection::read_more() {
  if (fd_ < 0) return false;
  char bytes[65536];
  const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
  if (n <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(n));
  return true;
}

bool Connection::read_body(Answer& answer) {
  if (answer.status == 204 || answer.status == 304) return true;
  const std::string length = answer.header("content-length");
  if (length.empty()) {  // Pilot's own answers that are no streams have one
    while (read_more()) {
    }
    answer.body = std::exchange(buffer_, {});
    return true;
  }
  const std::size_t size = std::stoul(length);
  while (buffer_.size() < size) {
    if (!read_more()) return false;
  }
  answer.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return true;
}

Answer Connection::read_answer(bool only_head) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!read_more()) {
      close();
      return {};
    }
  }
  Answer answer = head_of(std::string_view(buffer_).substr(0, end));
  buffer_.erase(0, end + 4);
  if (answer.status == 100) return read_answer(only_head);
  if (only_head) return answer;
  if (!read_body(answer)) {
    close();
    return {};
  }
  if (lower(answer.header("connection")) == "close") close();
  answer.json = json_of(answer.body);
  return answer;
}

Answer Connection::send(std::string_view method, std::string_view target, std::string_view body,
                        const Headers& headers) {
  std::string request = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", method, target, host_);
  const auto has = [&](std::string_view name) {
    return std::any_of(headers.begin(), headers.end(),
                       [&](const auto& header) { return lower(header.first) == name; });
  };
  for (const auto& [name, value] : headers) request += name + ": " + value + "\r\n";
  if (!body.empty() && !has("content-type")) request += "Content-Type: application/json\r\n";
  if (!body.empty() || method != "GET") {
    request += fmt::format("Content-Length: {}\r\n", body.size());
  }
  request += "\r\n";
  request += body;
  // Even when not all could be written: a refusal of a large body comes before its end.
  static_cast<void>(write(request));
  return read_answer();
}

Answer call(const std::string& url, std::string_view method, std::string_view target,
            std::string_view body, const Headers& headers) {
  Connection connection(url);
  if (!connection.open()) return {};
  return connection.send(method, target, body, headers);
}

EventStream::EventStream(const std::string& url, const std::string& target,
                         const std::string& last_id)
    : connection_(url) {
  std::string request = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n",
                                    target, url.substr(7));
  if (!last_id.empty()) request += "Last-Event-ID: " + last_id + "\r\n";
  if (!connection_.write(request + "\r\n")) return;
  head_ = connection_.read_answer(true);
  chunked_ = head_.header("transfer-encoding") == "chunked";
}

// Moves one piece of the body into text_.
bool EventStream::take_chunk() {
  std::string& raw = connection_.buffer();
  if (!chunked_) {
    if (raw.empty() && !connection_.read_more()) return false;
    text_ += std::exchange(raw, {});
    return true;
  }
  std::size_t line = 0;
  while ((line = raw.find("\r\n")) == std::string::npos) {
    if (!connection_.read_more()) return false;
  }
  const std::size_t size = std::stoul(raw.substr(0, line), nullptr, 16);
  while (raw.size() < line + 2 + size + 2) {
    if (!connection_.read_more()) return false;
  }
  text_ += raw.substr(line + 2, size);
  raw.erase(0, line + 2 + size + 2);
  return size > 0;
}

std::optional<Event> EventStream::next() {
  if (head_.status != 200) return std::nullopt;
  for (;;) {
    std::size_t end = 0;
    while ((end = text_.find("\n\n")) == std::string::npos) {
      if (!take_chunk()) return std::nullopt;
    }
    Event event;
    std::string_view block = std::string_view(text_).substr(0, end);
    while (!block.empty()) {
      const std::size_t stop = std::min(block.find('\n'), block.size());
      const std::string_view line = block.substr(0, stop);
      block.remove_prefix(std::min(stop + 1, block.size()));
      if (line.starts_with("id: ")) event.id = line.substr(4);
      if (line.starts_with("event: ")) event.type = line.substr(7);
      if (line.starts_with("data: ")) event.data = json_of(std::string(line.substr(6)));
    }
    text_.erase(0, end + 2);
    if (!event.type.empty()) return event;  // else a comment or a retry line
  }
}

std::string quoted(std::string text) {
  std::replace(text.begin(), text.end(), '\'', '"');
  return text;
}

}  // namespace pilot::e2e
