#include "http/stream.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <csignal>

namespace pilot::http {
namespace {

bool is_literal(const std::string& host) {
  std::array<std::uint8_t, 16> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

std::string plain_name(const std::string& host) {
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

}  // namespace

TlsContext::TlsContext(const std::string& given, Tls tls) {
  const std::string host = plain_name(given);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) throw std::bad_alloc();
  context_ = context;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_default_verify_paths(context);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(context, tls == Tls::required ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  X509_VERIFY_PARAM* proof = SSL_CTX_get0_param(context);
  if (is_literal(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(proof, host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(proof, host.c_str(), host.size());
  }
}

TlsContext::~TlsContext() { SSL_CTX_free(static_cast<SSL_CTX*>(context_)); }

struct Stream::Session {
  Session(const std::string& host, Tls tls)
      : context(host, tls), ssl(SSL_new(static_cast<SSL_CTX*>(context.get()))) {
    if (ssl == nullptr) throw std::bad_alloc();
  }
  ~Session() { SSL_free(ssl); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  TlsContext context;
  SSL* ssl;
};

Stream::Stream(Socket socket, std::string peer)
    : socket_(std::move(socket)), peer_(std::move(peer)) {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

std::variant<Stream, SendError> Stream::open(const Dialer& dialer, const std::string& host,
                                             std::uint16_t port, Tls tls,
                                             const std::vector<HostListPtr>& allowed,
                                             const Interrupt& interrupt) {
  auto socket = dialer.connect(host, port, allowed, interrupt);
  if (auto* error = std::get_if<SendError>(&socket)) return std::move(*error);
  Stream stream(std::move(std::get<Socket>(socket)), peer_name(host, port));
  if (tls != Tls::none) {
    if (auto failed = stream.shake_hands(plain_name(host), tls, interrupt)) {
      return std::move(*failed);
    }
  }
  return stream;
}

SendError Stream::lost() const {
  return {.code = "connection_lost",
          .message = fmt::format("the connection to {} was lost", peer_),
          .sent = true,
          .retryable = true};
}

std::optional<SendError> Stream::shake_hands(const std::string& host, Tls tls,
                                             const Interrupt& interrupt) {
  tls_ = std::make_unique<Session>(host, tls);
  if (!is_literal(host)) SSL_set_tlsext_host_name(tls_->ssl, host.c_str());
  SSL_set_fd(tls_->ssl, socket_.get());
  for (;;) {
    ERR_clear_error();
    const int done = SSL_connect(tls_->ssl);
    if (done == 1) return std::nullopt;
    const int why = SSL_get_error(tls_->ssl, done);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
      const short events = why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
      if (interrupt.wait(socket_.get(), events) == Interrupt::Wake::ready) continue;
      SendError error = interrupted(interrupt, peer_, false);
      if (error.code == "timeout") {
        error.message =
            fmt::format("the TLS handshake with {} did not end; does it speak TLS?", peer_);
      }
      return error;
    }
    const long verified = SSL_get_verify_result(tls_->ssl);
    const bool cut = why == SSL_ERROR_SYSCALL || why == SSL_ERROR_ZERO_RETURN;
    return SendError{
        .code = "tls_failed",
        .message = tls == Tls::required && verified != X509_V_OK
                       ? fmt::format("the certificate of {} was not accepted: {}", peer_,
                                     X509_verify_cert_error_string(verified))
                       : fmt::format("the TLS handshake with {} failed; does it speak TLS?", peer_),
        .retryable = cut};
  }
}

// What to do after a transfer that moved nothing: none when it is to be tried again.
std::optional<SendError> Stream::wait_after(long result, const Interrupt& interrupt) {
  short events = 0;
  if (tls_) {
    const int why = SSL_get_error(tls_->ssl, static_cast<int>(result));
    if (why == SSL_ERROR_WANT_READ) events = POLLIN;
    if (why == SSL_ERROR_WANT_WRITE) events = POLLOUT;
  }
  if (events == 0) return lost();
  if (interrupt.wait(socket_.get(), events) == Interrupt::Wake::ready) return std::nullopt;
  return interrupted(interrupt, peer_, true);
}

std::optional<SendError> Stream::write(std::string_view bytes, const Interrupt& interrupt) {
  while (!bytes.empty()) {
    long moved = 0;
    if (tls_) {
      ERR_clear_error();
      const std::size_t chunk = std::min<std::size_t>(bytes.size(), 1u << 20);
      moved = SSL_write(tls_->ssl, bytes.data(), static_cast<int>(chunk));
      if (moved <= 0) {
        if (auto failed = wait_after(moved, interrupt)) return failed;
        continue;
      }
    } else {
      if (interrupt.is_set() || interrupt.wait(socket_.get(), POLLOUT) != Interrupt::Wake::ready) {
        return interrupted(interrupt, peer_, true);
      }
      moved = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (moved < 0 && errno == EAGAIN) continue;
      if (moved <= 0) return lost();
    }
    bytes.remove_prefix(static_cast<std::size_t>(moved));
  }
  return std::nullopt;
}

std::variant<std::string, SendError> Stream::read(std::size_t most, const Interrupt& interrupt) {
  std::string out(std::min<std::size_t>(most, 64u << 10), '\0');
  for (;;) {
    long got = 0;
    if (tls_) {
      ERR_clear_error();
      got = SSL_read(tls_->ssl, out.data(), static_cast<int>(out.size()));
      if (got <= 0) {
        if (auto failed = wait_after(got, interrupt)) return std::move(*failed);
        continue;
      }
    } else {
      if (interrupt.wait(socket_.get(), POLLIN) != Interrupt::Wake::ready) {
        return interrupted(interrupt, peer_, true);
      }
      got = ::recv(socket_.get(), out.data(), out.size(), 0);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) return lost();
    }
    out.resize(static_cast<std::size_t>(got));
    return out;
  }
}

}  // namespace pilot::http
