#include "http/curl_failure.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <initializer_list>
#include <system_error>

namespace pilot::http {
namespace {

bool contains_any(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (text.find(word) != std::string_view::npos) return true;
  }
  return false;
}

// "Connection refused" -> " (connection refused)"
std::string os_reason(long os_error) {
  if (os_error == 0) return {};
  std::string text = std::generic_category().message(static_cast<int>(os_error));
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') {
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  }
  return fmt::format(" ({})", text);
}

// The usual ones of OpenSSL's X509_V_ERR list. curl checks the host name itself, after a good
// chain, and leaves a result that means nothing.
std::string_view certificate_reason(long verify_result, std::string_view detail) {
  if (contains_any(detail, {"target host name"})) return "it is not for this host name";
  switch (verify_result) {
    case 9:
      return "it is not valid yet";
    case 10:
      return "it has expired";
    case 18:
    case 19:
      return "it is self-signed (--ca-file names authorities of your own)";
    case 20:
    case 21:
      return "its issuer is not trusted here (--ca-file names authorities of your own)";
    case 23:
      return "it has been revoked";
    default:
      return "it could not be verified";
  }
}

SendError tls_failure(const CurlFailure& failure) {
  SendError error{.code = "tls_failed", .message = {}, .sent = failure.sent};
  if (failure.code == CURLE_PEER_FAILED_VERIFICATION) {
    error.message = fmt::format("the certificate of {} was not accepted: {}", failure.peer,
                                certificate_reason(failure.verify_result, failure.detail));
    return error;
  }
  if (failure.code == CURLE_USE_SSL_FAILED) {
    error.message =
        fmt::format("{} does not offer an encrypted connection (STARTTLS)", failure.peer);
    return error;
  }
  // A line that was cut during the handshake may hold next time; a handshake that both sides
  // finished by disagreeing will not.
  error.retryable = failure.code == CURLE_SSL_CONNECT_ERROR &&
                    contains_any(failure.detail, {"SSL_ERROR_SYSCALL", "reset by peer",
                                                  "unexpected eof", "Broken pipe"});
  error.message = fmt::format("the TLS handshake with {} failed{}", failure.peer,
                              error.retryable ? " (the connection was lost)" : "");
  return error;
}

SendError lost(const CurlFailure& failure, std::string_view how) {
  return {.code = "connection_lost",
          .message = fmt::format("the connection to {} {}", failure.peer, how),
          .sent = failure.sent,
          .retryable = true};
}

SendError garbage(const CurlFailure& failure, std::string_view what) {
  return {.code = "bad_response",
          .message = fmt::format("{} {}", failure.peer, what),
          .sent = failure.sent};
}

}  // namespace

SendError describe(const CurlFailure& failure) {
  switch (failure.code) {
    case CURLE_URL_MALFORMAT:
      return {.code = "invalid_url", .message = "the URL is malformed"};
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {.code = "dns_failed",
              .message = fmt::format("no address was found for {}", failure.peer),
              .sent = failure.sent,
              .retryable = true};
    case CURLE_COULDNT_CONNECT:
      return {.code = "connect_failed",
              .message = fmt::format("could not connect to {}{}", failure.peer,
                                     os_reason(failure.os_error)),
              .sent = failure.sent,
              .retryable = true};
    case CURLE_OPERATION_TIMEDOUT:
      return timed_out(failure.peer, failure.timeout, failure.sent);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_USE_SSL_FAILED:
      return tls_failure(failure);
    case CURLE_UNSUPPORTED_PROTOCOL:  // also an answer without a status line (HTTP/0.9)
    case CURLE_WEIRD_SERVER_REPLY:
      return garbage(failure, "gave an answer that does not follow the protocol");
    case CURLE_BAD_CONTENT_ENCODING:
      return garbage(failure, "gave an answer whose compression is broken or not known");
    case CURLE_RECV_ERROR:
      if (contains_any(failure.detail, {"chunk", "Chunk"})) {
        return garbage(failure, "gave an answer whose chunks are malformed");
      }
      return lost(failure, "was lost");
    case CURLE_GOT_NOTHING:
      return lost(failure, "was closed without an answer");
    case CURLE_PARTIAL_FILE:
      return lost(failure, "was closed in the middle of the answer");
    default:
      return lost(failure, fmt::format("failed (curl error {})", failure.code));
  }
}

SendError blocked_address(std::string_view peer, std::string_view rule, bool sent) {
  if (rule == "denied") {
    return {.code = "blocked_address",
            .message = fmt::format("{} may not be reached: --deny-host forbids it", peer),
            .sent = sent};
  }
  const std::string_view advice =
      rule == "loopback" || rule == "private"
          ? "; --allow-private-network lets it through, if this is your own network, and "
            "--allow-host one host of it"
          : "";
  return {
      .code = "blocked_address",
      .message = fmt::format("{} may not be reached: addresses of the kind \"{}\" are blocked{}",
                             peer, rule, advice),
      .sent = sent};
}

SendError host_not_allowed(std::string_view peer, bool sent) {
  return {.code = "host_not_allowed",
          .message = fmt::format("this call may not go to {}: it is not among the hosts that its "
                                 "connection or its user is bound to",
                                 peer),
          .sent = sent};
}

SendError timed_out(std::string_view peer, Millis timeout, bool sent) {
  return {.code = "timeout",
          .message = fmt::format("{} {} within {} s", peer,
                                 sent ? "did not answer" : "could not be reached",
                                 static_cast<double>(timeout.count()) / 1000.0),
          .sent = sent,
          .retryable = true};
}

SendError was_cancelled(bool sent) {
  return {.code = "cancelled", .message = "the call was cancelled", .sent = sent};
}

}  // namespace pilot::http
