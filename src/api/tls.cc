#include "api/tls.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/ssl/context.hpp>
// The one place where Asio's TLS code is compiled (BOOST_ASIO_SEPARATE_COMPILATION everywhere
// else).
#include <boost/asio/ssl/impl/src.hpp>

namespace pilot::api {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

// Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else anyway.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

Status readable(const std::filesystem::path& file, std::string_view what) {
  if (::access(file.c_str(), R_OK) == 0) return ok();
  return invalid("tls_unreadable", fmt::format("the {} {} cannot be read", what, file.string()));
}

Status set_up(ssl::context& context) {
  error_code ec;
  context.set_options(ssl::context::default_workarounds | ssl::context::no_compression |
                          ssl::context::no_sslv2 | ssl::context::no_sslv3 | ssl::context::no_tlsv1 |
                          ssl::context::no_tlsv1_1,
                      ec);
  SSL_CTX* native = context.native_handle();
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // An idle connection gives its buffers back: there may be 10,000 of them.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  if (ec || SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(native, kCiphers) != 1) {
    return internal_error("TLS cannot be set up");
  }
  return ok();
}

}  // namespace

Tls::Tls() : context_(std::make_unique<ssl::context>(ssl::context::tls_server)) {}
Tls::~Tls() = default;

Result<std::shared_ptr<const Tls>> Tls::load(const std::filesystem::path& certificate,
                                             const std::filesystem::path& key) {
  if (Status there = readable(certificate, "certificate"); !there) return there.error();
  if (Status there = readable(key, "key of the certificate"); !there) return there.error();
  std::error_code gone;
  const auto mode = std::filesystem::status(key, gone).permissions();
  if (!gone && (mode & std::filesystem::perms::others_all) != std::filesystem::perms::none) {
    return invalid("tls_key_exposed",
                   fmt::format("everybody on this machine can read {}; chmod o= it", key.string()));
  }
  std::shared_ptr<Tls> tls(new Tls);
  ssl::context& context = *tls->context_;
  if (Status done = set_up(context); !done) return done.error();
  error_code ec;
  // Without this OpenSSL would ask for a pass phrase on the terminal.
  context.set_password_callback([](std::size_t, ssl::context::password_purpose) { return ""; }, ec);
  context.use_certificate_chain_file(certificate.string(), ec);
  if (ec) {
    return invalid("tls_invalid",
                   fmt::format("{} is not a certificate in PEM form", certificate.string()));
  }
  context.use_private_key_file(key.string(), ssl::context::pem, ec);
  if (ec || SSL_CTX_check_private_key(context.native_handle()) != 1) {
    return invalid("tls_invalid",
                   fmt::format("{} is not the private key of {}, in PEM form and without a pass "
                               "phrase",
                               key.string(), certificate.string()));
  }
  return std::shared_ptr<const Tls>(std::move(tls));
}

}  // namespace pilot::api
