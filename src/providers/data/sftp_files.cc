// What an SFTP session does with files (see sftp_session.h).
#include <fmt/format.h>
#include <libssh2.h>
#include <libssh2_sftp.h>

#include <array>

#include "providers/data/rows.h"
#include "providers/data/sftp_session.h"

namespace pilot::providers::data {
namespace {

constexpr std::size_t kChunk = 32u << 10;

struct Meaning {
  std::string_view code, words;
};

Meaning meaning_of(unsigned long code) {
  switch (code) {
    case LIBSSH2_FX_NO_SUCH_FILE:
    case LIBSSH2_FX_NO_SUCH_PATH:
      return {"not_found", "there is no such file or folder"};
    case LIBSSH2_FX_PERMISSION_DENIED:
    case LIBSSH2_FX_WRITE_PROTECT:
      return {"forbidden", "the server does not allow it"};
    case LIBSSH2_FX_FILE_ALREADY_EXISTS:
    case LIBSSH2_FX_DIR_NOT_EMPTY:
      return {"conflict", "there is something already"};
    case LIBSSH2_FX_NO_SPACE_ON_FILESYSTEM:
    case LIBSSH2_FX_QUOTA_EXCEEDED:
      return {"sftp_failed", "there is no space left"};
    case LIBSSH2_FX_OP_UNSUPPORTED:
      return {"sftp_failed", "the server cannot do that"};
    default:
      return {"sftp_failed", "the server refused; it may be there already, or not be empty"};
  }
}

std::string_view type_of(const LIBSSH2_SFTP_ATTRIBUTES& attributes) {
  if ((attributes.flags & LIBSSH2_SFTP_ATTR_PERMISSIONS) == 0) return "unknown";
  if (LIBSSH2_SFTP_S_ISDIR(attributes.permissions)) return "folder";
  if (LIBSSH2_SFTP_S_ISLNK(attributes.permissions)) return "link";
  return LIBSSH2_SFTP_S_ISREG(attributes.permissions) ? "file" : "other";
}

Json entry_of(std::string_view name, const LIBSSH2_SFTP_ATTRIBUTES& attributes) {
  const auto has = [&](unsigned long flag) { return (attributes.flags & flag) != 0; };
  JsonObject entry{{"name", text_or_base64(name)}, {"type", type_of(attributes)}};
  entry["size"] = has(LIBSSH2_SFTP_ATTR_SIZE) ? Json(static_cast<std::int64_t>(attributes.filesize))
                                              : Json(nullptr);
  entry["modified"] = has(LIBSSH2_SFTP_ATTR_ACMODTIME)
                          ? Json(to_rfc3339(from_unix_micros(
                                static_cast<std::int64_t>(attributes.mtime) * 1'000'000)))
                          : Json(nullptr);
  entry["permissions"] = has(LIBSSH2_SFTP_ATTR_PERMISSIONS)
                             ? Json(fmt::format("{:04o}", attributes.permissions & 07777))
                             : Json(nullptr);
  return entry;
}

unsigned size_of(const std::string& text) { return static_cast<unsigned>(text.size()); }

}  // namespace

TaskOutcome SftpSession::refused(const std::string& what) {
  const Meaning meaning = meaning_of(libssh2_sftp_last_error(sftp_));
  return TaskOutcome::fail(
      {.code = std::string(meaning.code), .message = fmt::format("{}: {}", what, meaning.words)},
      CallStage::answered);
}

SftpSession::Failed SftpSession::done(long code, const std::string& what) {
  return code < 0 ? Failed(failed(code, what)) : std::nullopt;
}

SftpSession::Failed SftpSession::start_sftp() {
  const long code = drive([&]() -> long {
    sftp_ = libssh2_sftp_init(session_);
    return sftp_ != nullptr ? 0 : libssh2_session_last_errno(session_);
  });
  return done(code, "the server offers no SFTP");
}

SftpSession::Failed SftpSession::open_handle(const std::string& path, unsigned long flags,
                                             int kind) {
  constexpr long kMode =
      LIBSSH2_SFTP_S_IRUSR | LIBSSH2_SFTP_S_IWUSR | LIBSSH2_SFTP_S_IRGRP | LIBSSH2_SFTP_S_IROTH;
  const long code = drive([&]() -> long {
    handle_ = libssh2_sftp_open_ex(sftp_, path.data(), size_of(path), flags, kMode, kind);
    return handle_ != nullptr ? 0 : libssh2_session_last_errno(session_);
  });
  return done(code, path);
}

void SftpSession::close_handle() {
  if (handle_ != nullptr) libssh2_sftp_close_handle(handle_);
  handle_ = nullptr;
}

SftpSession::Failed SftpSession::list(const std::string& path, JsonArray& entries) {
  if (Failed failed = open_handle(path, 0, LIBSSH2_SFTP_OPENDIR)) return failed;
  std::array<char, 4096> name{};
  std::size_t bytes = 0;
  for (;;) {
    LIBSSH2_SFTP_ATTRIBUTES attributes{};
    const long size = drive([&] {
      return libssh2_sftp_readdir_ex(handle_, name.data(), name.size(), nullptr, 0, &attributes);
    });
    if (size < 0) return failed(size, path);
    if (size == 0) return std::nullopt;
    const std::string_view text(name.data(), static_cast<std::size_t>(size));
    if (text == "." || text == "..") continue;
    entries.push_back(entry_of(text, attributes));
    bytes += json_size(entries.back()) + 1;
    if (entries.size() > limits::kQueryRows || bytes > limits::kStepOutput) {
      return TaskOutcome::fail(too_large(
          "output_too_large", fmt::format("{} has more than {} entries or {} bytes of them, which "
                                          "is the limit",
                                          path, limits::kQueryRows, limits::kStepOutput)));
    }
  }
}

SftpSession::Failed SftpSession::read(const std::string& path, std::string& content) {
  if (Failed failed = open_handle(path, LIBSSH2_FXF_READ, LIBSSH2_SFTP_OPENFILE)) return failed;
  std::array<char, kChunk> chunk{};
  for (;;) {
    const long size = drive([&] { return libssh2_sftp_read(handle_, chunk.data(), chunk.size()); });
    if (size < 0) return failed(size, path);
    if (size == 0) return std::nullopt;
    content.append(chunk.data(), static_cast<std::size_t>(size));
    if (content.size() > limits::kStepOutput) {
      return TaskOutcome::fail(too_large(
          "output_too_large", fmt::format("{} has more than {} bytes, which is the limit of a "
                                          "step's output",
                                          path, limits::kStepOutput)));
    }
  }
}

SftpSession::Failed SftpSession::write(const std::string& path, std::string_view content,
                                       bool overwrite) {
  const unsigned long flags =
      LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | (overwrite ? LIBSSH2_FXF_TRUNC : LIBSSH2_FXF_EXCL);
  stage_ = CallStage::sent;
  if (Failed failed = open_handle(path, flags, LIBSSH2_SFTP_OPENFILE)) return failed;
  while (!content.empty()) {
    const long size = drive([&] {
      return libssh2_sftp_write(handle_, content.data(), std::min(content.size(), kChunk));
    });
    if (size < 0) return failed(size, path);
    content.remove_prefix(static_cast<std::size_t>(size));
  }
  // Only its end says that all of it is there.
  const long code = drive([&] { return libssh2_sftp_close_handle(handle_); });
  if (code == 0) handle_ = nullptr;
  return done(code, path);
}

SftpSession::Failed SftpSession::remove(const std::string& path, bool folder) {
  stage_ = CallStage::sent;
  return done(drive([&] {
                return folder ? libssh2_sftp_rmdir_ex(sftp_, path.data(), size_of(path))
                              : libssh2_sftp_unlink_ex(sftp_, path.data(), size_of(path));
              }),
              path);
}

SftpSession::Failed SftpSession::rename(const std::string& from, const std::string& to) {
  stage_ = CallStage::sent;
  return done(drive([&] {
                return libssh2_sftp_rename_ex(sftp_, from.data(), size_of(from), to.data(),
                                              size_of(to), 0);
              }),
              from);
}

SftpSession::Failed SftpSession::make_folder(const std::string& path) {
  stage_ = CallStage::sent;
  return done(drive([&] { return libssh2_sftp_mkdir_ex(sftp_, path.data(), size_of(path), 0755); }),
              path);
}

}  // namespace pilot::providers::data
