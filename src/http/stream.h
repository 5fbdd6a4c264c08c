// A connection to a judged address, plain or under TLS, for protocols that a library speaks over
// bytes it is given. Certificates are verified against the system's and the host's name. Every wait
// ends with the interrupt. One thread.
#pragma once

#include <memory>
#include <optional>

#include "http/dialer.h"

namespace pilot::http {

enum class Tls { none, required, unverified };  // unverified: whoever it is, for a first try

// What a TLS session to a host begins with: whom to trust, and that it must prove this name.
class TlsContext {
 public:
  TlsContext(const std::string& host, Tls tls);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  void* get() const { return context_; }  // OpenSSL's SSL_CTX

 private:
  void* context_;
};

class Stream {
 public:
  // Codes of Dialer::connect, and tls_failed.
  static std::variant<Stream, SendError> open(const Dialer& dialer, const std::string& host,
                                              std::uint16_t port, Tls tls,
                                              const std::vector<HostListPtr>& allowed,
                                              const Interrupt& interrupt);
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();

  // Codes: connection_lost, timeout, cancelled. `sent` is true in all of them.
  std::optional<SendError> write(std::string_view bytes, const Interrupt& interrupt);
  // At least one byte, at most `most`.
  std::variant<std::string, SendError> read(std::size_t most, const Interrupt& interrupt);

 private:
  struct Session;
  Stream(Socket socket, std::string peer);
  std::optional<SendError> shake_hands(const std::string& host, Tls tls,
                                       const Interrupt& interrupt);
  std::optional<SendError> wait_after(long result, const Interrupt& interrupt);
  SendError lost() const;

  Socket socket_;
  std::string peer_;
  std::unique_ptr<Session> tls_;
};

}  // namespace pilot::http
