// The way out for protocols other than HTTP: looks a host up, judges its addresses and the lists
// that bind the call by the same rules as the transport, and connects to what was judged. Blocks,
// so for side threads only; any number of them at once.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/blocking_pool.h"
#include "base/interrupt.h"
#include "http/transport.h"

namespace pilot::http {

// An address that may be connected to.
struct Endpoint {
  std::string address;  // numeric: "192.0.2.1", "2001:db8::1"
  std::uint16_t port = 0;
};

// A socket, closed when it goes.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();
  int get() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

class Dialer {
 public:
  explicit Dialer(AddressPolicy policy);

  // Codes: dns_failed, blocked_address (no address of it may be reached), host_not_allowed,
  // invalid_value (no host name), timeout, cancelled. Those that may be reached, in the resolver's
  // order.
  std::variant<std::vector<Endpoint>, SendError> addresses(const std::string& host,
                                                           std::uint16_t port,
                                                           const std::vector<HostListPtr>& allowed,
                                                           const Interrupt& interrupt) const;

  // Non-blocking, to the first address that answers. Codes: as above, and connect_failed.
  std::variant<Socket, SendError> connect(const std::string& host, std::uint16_t port,
                                          const std::vector<HostListPtr>& allowed,
                                          const Interrupt& interrupt) const;

 private:
  struct LookUp;
  std::shared_ptr<LookUp> look_up(const std::string& host, const Interrupt& interrupt) const;

  const AddressPolicy policy_;
  // A resolver that hangs cannot be stopped, only left alone. Made of threads of its own, so that
  // whoever waits for it can go.
  mutable BlockingPool resolvers_;
};

// "db.test:5432", as messages name it.
std::string peer_name(std::string_view host, std::uint16_t port);

// Why waiting for the other side was in vain; `sent` as in SendError.
SendError interrupted(const Interrupt& interrupt, std::string_view peer, bool sent);

}  // namespace pilot::http
