#include "http/dialer.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <system_error>

#include "http/address_guard.h"
#include "http/curl_failure.h"

namespace pilot::http {
namespace {

constexpr std::size_t kHostName = 255;

// No more than a host name or an address: what looks like a path, a list or an option is none.
bool is_host(std::string_view host) {
  if (host.empty() || host.size() > kHostName || host.front() == '-') return false;
  return std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
  });
}

// "[::1]" -> "::1"
std::string without_brackets(const std::string& host) {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return bracketed ? host.substr(1, host.size() - 2) : host;
}

sockaddr_storage with_port(const sockaddr& address, socklen_t size, std::uint16_t port) {
  sockaddr_storage out{};
  std::memcpy(&out, &address, std::min<std::size_t>(size, sizeof out));
  const std::uint16_t wire = htons(port);
  if (out.ss_family == AF_INET) reinterpret_cast<sockaddr_in&>(out).sin_port = wire;
  if (out.ss_family == AF_INET6) reinterpret_cast<sockaddr_in6&>(out).sin6_port = wire;
  return out;
}

std::string text_of(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text.data(),
                text.size());
  } else {
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text.data(),
                text.size());
  }
  return text.data();
}

sockaddr_storage address_of(const Endpoint& endpoint) {
  sockaddr_storage out{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(out);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
  if (::inet_pton(AF_INET, endpoint.address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
  } else if (::inet_pton(AF_INET6, endpoint.address.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
  }
  return out;
}

// The error of a connect, 0 when it is there; none when the call is to end instead.
std::optional<int> connect_to(const Endpoint& endpoint, const Interrupt& interrupt,
                              Socket& socket) {
  const sockaddr_storage address = address_of(endpoint);
  const auto size = static_cast<socklen_t>(address.ss_family == AF_INET ? sizeof(sockaddr_in)
                                                                        : sizeof(sockaddr_in6));
  socket = Socket(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return errno;
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (interrupt.wait(socket.get(), POLLOUT) != Interrupt::Wake::ready) return std::nullopt;
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

Socket::~Socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

// Shared by whoever asked, who may leave, and the resolver's thread.
struct Dialer::LookUp {
  ~LookUp() {
    if (found != nullptr) ::freeaddrinfo(found);
  }
  std::string host;
  addrinfo* found = nullptr;      // both written before the event is
  int error = 0;                  // of getaddrinfo
  std::atomic<bool> left{false};  // nobody waits any more
  Socket done{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

Dialer::Dialer(AddressPolicy policy)
    : policy_(std::move(policy)), resolvers_("pilot-dns", limits::kLookUpThreads) {}

// Null when the call is to end.
std::shared_ptr<Dialer::LookUp> Dialer::look_up(const std::string& host,
                                                const Interrupt& interrupt) const {
  auto shared = std::make_shared<LookUp>();
  shared->host = host;
  resolvers_.post([shared] {
    if (shared->left) return;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    shared->error = ::getaddrinfo(shared->host.c_str(), nullptr, &hints, &shared->found);
    const std::uint64_t one = 1;
    static_cast<void>(!::write(shared->done.get(), &one, sizeof one));
  });
  if (interrupt.wait(shared->done.get(), POLLIN) == Interrupt::Wake::ready) return shared;
  shared->left = true;
  return nullptr;
}

std::variant<std::vector<Endpoint>, SendError> Dialer::addresses(
    const std::string& host, std::uint16_t port, const std::vector<HostListPtr>& allowed,
    const Interrupt& interrupt) const {
  const std::string name = without_brackets(host);
  if (!is_host(name) || port == 0) {
    return SendError{.code = "invalid_value",
                     .message =
                         "the connection's host or port is none: the host is a name or an "
                         "address, the port is between 1 and 65535"};
  }
  const Asked asked{name, port};
  const std::string peer = peer_name(name, port);
  if (denied(asked, policy_)) return blocked_address(peer, "denied", false);
  for (const HostListPtr& list : allowed) {
    if (!list->has(name, port)) return host_not_allowed(peer, false);
  }
  const std::shared_ptr<LookUp> found = look_up(name, interrupt);
  if (!found) return interrupted(interrupt, peer, false);
  std::vector<Endpoint> open;
  std::optional<std::string> rule;
  for (const addrinfo* one = found->found; one != nullptr; one = one->ai_next) {
    if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
    const sockaddr_storage address = with_port(*one->ai_addr, one->ai_addrlen, port);
    auto refused = forbidden(reinterpret_cast<const sockaddr&>(address), policy_, asked);
    if (refused) {
      rule = std::move(refused);
    } else {
      open.push_back({text_of(address), port});
    }
  }
  if (!open.empty()) return open;
  if (rule) return blocked_address(peer, *rule, false);
  return SendError{.code = "dns_failed",
                   .message = fmt::format("no address was found for {}", peer),
                   .retryable = true};
}

std::variant<Socket, SendError> Dialer::connect(const std::string& host, std::uint16_t port,
                                                const std::vector<HostListPtr>& allowed,
                                                const Interrupt& interrupt) const {
  auto judged = addresses(host, port, allowed, interrupt);
  if (auto* refused = std::get_if<SendError>(&judged)) return std::move(*refused);
  int why = 0;
  for (const Endpoint& endpoint : std::get<std::vector<Endpoint>>(judged)) {
    Socket socket;
    const auto error = connect_to(endpoint, interrupt, socket);
    if (!error) return interrupted(interrupt, peer_name(host, port), false);
    if (*error == 0) return socket;
    why = *error;
  }
  return SendError{.code = "connect_failed",
                   .message = fmt::format("could not connect to {} ({})", peer_name(host, port),
                                          std::generic_category().message(why)),
                   .retryable = true};
}

std::string peer_name(std::string_view host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
  return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

SendError interrupted(const Interrupt& interrupt, std::string_view peer, bool sent) {
  if (interrupt.cancelled()) return was_cancelled(sent);
  return {.code = "timeout",
          .message = fmt::format("{} {} within the step's timeout", peer,
                                 sent ? "did not answer" : "could not be reached"),
          .sent = sent,
          .retryable = true};
}

}  // namespace pilot::http
