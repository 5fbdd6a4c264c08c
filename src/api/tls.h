// The server's certificate and key, for TLS 1.2 and newer. Loaded once at start, immutable; any
// thread. No message holds a part of the key.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"

namespace boost::asio::ssl {
class context;
}

namespace pilot::api {

class Tls {
 public:
  // PEM files: the certificate with its chain, and its private key without a pass phrase. Codes:
  // tls_unreadable, tls_key_exposed (others on this machine can read it), tls_invalid.
  static Result<std::shared_ptr<const Tls>> load(const std::filesystem::path& certificate,
                                                 const std::filesystem::path& key);
  ~Tls();
  boost::asio::ssl::context& context() const { return *context_; }

 private:
  Tls();
  std::unique_ptr<boost::asio::ssl::context> context_;
};

}  // namespace pilot::api
