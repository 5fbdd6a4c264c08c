// The seam to the network (real: CurlTransport; tests: ScriptedTransport). Called on a shard; the
// answer comes back on the same shard.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "http/message.h"

namespace pilot {
class Log;
}

namespace pilot::http {

// A mail for an SMTP server (RFC 5321); `data` is the whole message (RFC 5322), CRLF lines.
struct Mail {
  std::string url;  // smtp://host:587 or smtps://host:465
  std::string username;
  std::string password;
  bool require_tls = true;  // STARTTLS or smtps; refuse to send in clear
  std::string from;
  std::vector<std::string> recipients;
  std::string data;
  Millis timeout{30'000};
  std::vector<HostListPtr> allowed_hosts = {};  // as in Request
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Never throws; every failure is in the Answer. Cancelling ends the call at once with
  // `cancelled`.
  virtual boost::asio::awaitable<Answer> send(Request request, CancelToken cancel) = 0;
  // An accepted mail gives Response{status: the server's code, e.g. 250}.
  virtual boost::asio::awaitable<Answer> send_mail(Mail mail, CancelToken cancel) = 0;
};

// Which addresses may be reached; judged on the resolved address of every connection and hop.
// Link-local and cloud metadata addresses only if `allow` names them themselves. See
// address_guard.h.
struct AddressPolicy {
  bool allow_loopback = false;
  bool allow_private = false;
  std::vector<HostRule> allow = {};
  std::vector<HostRule> deny = {};  // wins
  // While it is true (a server of one user, whose network is theirs), loopback and private ranges
  // are open, too. Read at each connection; null: false.
  std::shared_ptr<const std::atomic<bool>> alone = {};
};

struct CurlOptions {
  AddressPolicy addresses;
  std::string user_agent = "Pilot";
  std::string proxy;         // empty: none, whatever the environment says
  std::string ca_file = {};  // PEM of the authorities to trust; empty: the system's
};

// One thread that runs curl_multi_poll for all shards. Destroying it completes what is under way
// with `cancelled` and joins; destroy it before the io_contexts that its answers are posted to.
// With a proxy the guard sees the proxy's address only, and judges the URL's host where it is a
// literal.
std::unique_ptr<Transport> make_curl_transport(CurlOptions options, Log& log);

}  // namespace pilot::http
