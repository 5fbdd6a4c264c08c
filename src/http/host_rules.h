// Which hosts: what --allow-host and --deny-host say, and where one call may go. Values; pure; any
// thread. Code invalid_host_rule.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pilot::http {

// One of: a name ("api.acme.test"), a name and all below it (".acme.test"), an address
// ("10.1.2.3", "[::1]") or a network ("10.1.2.0/24"). All but a network may have ":port" behind.
class HostRule {
 public:
  static Result<HostRule> parse(std::string_view text);

  // By the words of a URL: a name as it is asked for, or an address that stands there itself.
  bool names(std::string_view host, std::uint16_t port) const;
  // How many leading bits it fixes, if it is an address or network that covers this one (4 or 16
  // bytes, in network order).
  std::optional<int> covers(const std::uint8_t* address, std::size_t size,
                            std::uint16_t port) const;
  bool is_network() const { return size_ != 0; }

 private:
  HostRule() = default;
  bool at_port(std::uint16_t port) const { return port_ == 0 || port_ == port; }
  Status read_network(std::string_view address, std::string_view bits, std::string_view text);
  void unmap();

  std::string name_;        // lower case, no dot at the end; empty: a network
  bool and_below_ = false;  // ".acme.test"
  std::array<std::uint8_t, 16> base_{};
  std::size_t size_ = 0;  // bytes of the network's address; 0: a name
  int bits_ = 0;
  std::uint16_t port_ = 0;  // 0: any
};

// Where a call may go. Shared by all calls that it binds.
class HostList {
 public:
  // Separated by commas or spaces. An empty list lets nothing through.
  static Result<HostList> parse(std::string_view text);
  bool has(std::string_view host, std::uint16_t port) const;

 private:
  std::vector<HostRule> rules_;
};
using HostListPtr = std::shared_ptr<const HostList>;

// Host and port as a URL has them ("[::1]", "a.test."): lower case, without what makes no
// difference.
std::string plain_host(std::string_view host);

}  // namespace pilot::http
