#include "providers/data/sftp_session.h"

#include <fmt/format.h>
#include <libssh2.h>
#include <libssh2_sftp.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/crypto.h"

namespace pilot::providers::data {
namespace {

constexpr long kGoodByeMillis = 300;

std::string fingerprint_of(LIBSSH2_SESSION* session) {
  const char* hash = libssh2_hostkey_hash(session, LIBSSH2_HOSTKEY_HASH_SHA256);
  if (hash == nullptr) return {};
  std::string text = "SHA256:" + crypto::base64({hash, 32});
  while (text.ends_with('=')) text.pop_back();  // as ssh-keygen -l shows it
  return text;
}

bool is_listed(std::string_view list, std::string_view fingerprint) {
  while (!list.empty()) {
    const std::size_t from = list.find_first_not_of(", \t\r\n");
    if (from == std::string_view::npos) break;
    list.remove_prefix(from);
    const std::size_t to = std::min(list.find_first_of(", \t\r\n"), list.size());
    std::string_view one = list.substr(0, to);
    while (one.ends_with('=')) one.remove_suffix(1);
    if (one == fingerprint) return true;
    list.remove_prefix(to);
  }
  return false;
}

}  // namespace

void prepare_sftp() { libssh2_init(0); }

SftpSession::SftpSession(const SftpAccess& access, const TaskContext& context)
    : access_(access),
      context_(context),
      peer_(http::peer_name(access.target.host, access.target.port)) {}

SftpSession::~SftpSession() {
  if (session_ == nullptr) return;
  // A polite end must not take long, and none is possible with a side that has gone quiet.
  if (!sound_) ::shutdown(socket_.get(), SHUT_RDWR);
  libssh2_session_set_blocking(session_, 1);
  libssh2_session_set_timeout(session_, kGoodByeMillis);
  close_handle();
  if (sftp_ != nullptr) libssh2_sftp_shutdown(sftp_);
  if (sound_) libssh2_session_disconnect(session_, "done");
  libssh2_session_free(session_);
}

bool SftpSession::wait() {
  const int blocked = libssh2_session_block_directions(session_);
  const auto events =
      static_cast<short>(((blocked & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0 ? POLLOUT : 0) |
                         ((blocked & LIBSSH2_SESSION_BLOCK_INBOUND) != 0 ? POLLIN : 0));
  const auto wake = context_.interrupt.wait(socket_.get(), events != 0 ? events : short{POLLIN});
  sound_ = wake == Interrupt::Wake::ready;
  return sound_;
}

TaskOutcome SftpSession::failed(long code, const std::string& what) {
  static_assert(kAgain == LIBSSH2_ERROR_EAGAIN);
  if (code == LIBSSH2_ERROR_SFTP_PROTOCOL && sftp_ != nullptr) return refused(what);
  sound_ = false;
  if (code == kEnded) {
    return TaskOutcome::fail(
        http::interrupted(context_.interrupt, peer_, stage_ != CallStage::not_sent));
  }
  switch (code) {
    case LIBSSH2_ERROR_SOCKET_SEND:
    case LIBSSH2_ERROR_SOCKET_RECV:
    case LIBSSH2_ERROR_SOCKET_DISCONNECT:
    case LIBSSH2_ERROR_SOCKET_TIMEOUT:
      return TaskOutcome::fail({.code = "connection_lost",
                                .message = fmt::format("the connection to {} was lost", peer_),
                                .retryable = true},
                               stage_);
    case LIBSSH2_ERROR_AUTHENTICATION_FAILED:
    case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
    case LIBSSH2_ERROR_METHOD_NONE:
      return TaskOutcome::fail(
          {.code = "unauthorized", .message = fmt::format("{} did not accept the log-in", peer_)},
          CallStage::not_sent);
    default:
      break;
  }
  char* words = nullptr;
  libssh2_session_last_error(session_, &words, nullptr, 0);
  return TaskOutcome::fail(
      {.code = "sftp_failed",
       .message = fmt::format("{}: {}", what, words == nullptr ? "no reason given" : words)},
      stage_);
}

SftpSession::Failed SftpSession::open() {
  if (Failed failed = dial()) return failed;
  if (Failed failed = shake_hands()) return failed;
  if (Failed failed = check_host_key()) return failed;
  if (Failed failed = log_in()) return failed;
  return start_sftp();
}

SftpSession::Failed SftpSession::dial() {
  auto socket = context_.dialer.connect(access_.target.host, access_.target.port,
                                        context_.allowed_hosts, context_.interrupt);
  if (const auto* error = std::get_if<http::SendError>(&socket)) return TaskOutcome::fail(*error);
  socket_ = std::move(std::get<http::Socket>(socket));
  session_ = libssh2_session_init_ex(nullptr, nullptr, nullptr, nullptr);
  if (session_ == nullptr) throw std::bad_alloc();
  libssh2_session_set_blocking(session_, 0);
  return std::nullopt;
}

SftpSession::Failed SftpSession::shake_hands() {
  const long code = drive([&] { return libssh2_session_handshake(session_, socket_.get()); });
  if (code == 0) return std::nullopt;
  if (code == kEnded) return failed(code, "");
  sound_ = false;
  const bool cut = code == LIBSSH2_ERROR_SOCKET_DISCONNECT || code == LIBSSH2_ERROR_SOCKET_RECV;
  return TaskOutcome::fail({.code = "connect_failed",
                            .message = fmt::format("the SSH handshake with {} failed; does it "
                                                   "speak SSH?",
                                                   peer_),
                            .retryable = cut},
                           CallStage::not_sent);
}

// Before any secret is sent.
SftpSession::Failed SftpSession::check_host_key() {
  const std::string found = fingerprint_of(session_);
  if (access_.any_host_key) return std::nullopt;
  if (!found.empty() && is_listed(access_.host_key, found)) return std::nullopt;
  const bool unknown = access_.host_key.empty();
  return TaskOutcome::fail(
      {.code = unknown ? "host_key_unknown" : "host_key_mismatch",
       .message = unknown
                      ? fmt::format("the connection does not say which host key {} has; it shows "
                                    "{}. If that is the right one (ssh-keygen -lf on the server), "
                                    "set it as host_key",
                                    peer_, found)
                      : fmt::format("{} shows the host key {}, not the one of the connection; "
                                    "nothing was sent to it",
                                    peer_, found)},
      CallStage::not_sent);
}

SftpSession::Failed SftpSession::log_in() {
  const Target& target = access_.target;
  const auto size = static_cast<unsigned>(target.username.size());
  long code = LIBSSH2_ERROR_METHOD_NONE;
  if (!access_.private_key.empty()) {
    code = drive([&] {
      return libssh2_userauth_publickey_frommemory(
          session_, target.username.c_str(), target.username.size(), nullptr, 0,
          access_.private_key.data(), access_.private_key.size(),
          access_.passphrase.empty() ? nullptr : access_.passphrase.c_str());
    });
    if (code == LIBSSH2_ERROR_FILE || code == LIBSSH2_ERROR_KEYFILE_AUTH_FAILED) {
      return TaskOutcome::fail(invalid("invalid_value",
                                       "the connection's private_key cannot be read; is it the "
                                       "whole PEM text, and the passphrase right?"));
    }
  }
  if (code != 0 && code != kEnded && !target.password.empty()) {
    code = drive([&] {
      return libssh2_userauth_password_ex(session_, target.username.c_str(), size,
                                          target.password.c_str(),
                                          static_cast<unsigned>(target.password.size()), nullptr);
    });
  }
  if (code != 0) return failed(code, "log-in");
  return std::nullopt;
}

}  // namespace pilot::providers::data
