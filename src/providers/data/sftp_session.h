// A session with an SSH server for files. Connects to a judged address only, talks to nobody whose
// host key is not the one that the connection names, and every wait ends with the interrupt. One
// call, its side thread.
#pragma once

#include "http/dialer.h"
#include "providers/action.h"
#include "providers/data/target.h"

struct _LIBSSH2_SESSION;
struct _LIBSSH2_SFTP;
struct _LIBSSH2_SFTP_HANDLE;

namespace pilot::providers::data {

struct SftpAccess {
  Target target;              // its password may be empty
  std::string private_key;    // PEM
  std::string passphrase;     // of the key
  std::string host_key;       // "SHA256:...", several by commas or spaces
  bool any_host_key = false;  // whoever it is
  ~SftpAccess() {
    wipe(private_key);
    wipe(passphrase);
  }
  SftpAccess() = default;
  SftpAccess(const SftpAccess&) = default;
  SftpAccess& operator=(const SftpAccess&) = default;
};

void prepare_sftp();  // before the first, while there is one thread

class SftpSession {
 public:
  using Failed = std::optional<TaskOutcome>;  // none: it went well

  SftpSession(const SftpAccess& access, const TaskContext& context);
  ~SftpSession();
  SftpSession(const SftpSession&) = delete;
  SftpSession& operator=(const SftpSession&) = delete;

  // Codes beside the dialer's: host_key_unknown, host_key_mismatch, unauthorized, invalid_value (a
  // key that cannot be read).
  Failed open();

  // Codes: not_found, forbidden, conflict, output_too_large, sftp_failed, connection_lost, ...
  Failed list(const std::string& path, JsonArray& entries);
  Failed read(const std::string& path, std::string& content);
  Failed write(const std::string& path, std::string_view content, bool overwrite);
  Failed remove(const std::string& path, bool folder);
  Failed rename(const std::string& from, const std::string& to);
  Failed make_folder(const std::string& path);

 private:
  Failed dial();
  Failed shake_hands();
  Failed check_host_key();
  Failed log_in();
  Failed start_sftp();
  static constexpr long kAgain = -37;       // LIBSSH2_ERROR_EAGAIN
  static constexpr long kEnded = -100'000;  // none of the library's codes
  // Until the library has not to wait any more; kEnded when the interrupt came first.
  template <class Call>
  long drive(Call call) {
    for (;;) {
      const long code = static_cast<long>(call());
      if (code != kAgain) return code;
      if (!wait()) return kEnded;
    }
  }
  bool wait();
  Failed open_handle(const std::string& path, unsigned long flags, int kind);
  void close_handle();
  TaskOutcome failed(long code, const std::string& what);
  TaskOutcome refused(const std::string& what);  // by the server's SFTP
  Failed done(long code, const std::string& what);

  const SftpAccess& access_;
  const TaskContext& context_;
  const std::string peer_;
  http::Socket socket_;
  CallStage stage_ = CallStage::not_sent;
  bool sound_ = true;  // the other side can still be talked to
  _LIBSSH2_SESSION* session_ = nullptr;
  _LIBSSH2_SFTP* sftp_ = nullptr;
  _LIBSSH2_SFTP_HANDLE* handle_ = nullptr;
};

}  // namespace pilot::providers::data
