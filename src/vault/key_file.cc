// KeyRing and its file: read, made, and replaced with a key more or less. Blocks on the disk.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "vault/key_ring.h"

namespace pilot::vault {

namespace {

constexpr std::size_t kFileBytes = 64u << 10;  // over a thousand keys; anything larger is no ring
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

// A file descriptor that closes itself.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  explicit operator bool() const { return fd_ >= 0; }
  int fd() const { return fd_; }

 private:
  int fd_;
};

// A buffer for key text that is zeroed when it goes, on every way out.
struct WipedText {
  std::string text;
  WipedText() = default;
  WipedText(const WipedText&) = delete;
  WipedText& operator=(const WipedText&) = delete;
  ~WipedText() { wipe(text); }
};

std::string quoted(const std::filesystem::path& file) { return "\"" + file.string() + "\""; }

Error file_error(ErrorKind kind, std::string code, std::string message) {
  Error error;
  error.kind = kind;
  error.code = std::move(code);
  error.message = std::move(message);
  return error;
}

Error system_error(std::string code, const std::string& what, int number) {
  const bool denied = number == EACCES || number == EPERM || number == EROFS;
  return file_error(denied ? ErrorKind::permission_denied : ErrorKind::unavailable, std::move(code),
                    what + ": " + std::generic_category().message(number));
}

Error open_error(const std::filesystem::path& file, int number) {
  if (number == ENOENT) {
    return file_error(ErrorKind::not_found, "key_file_missing",
                      "there is no key file " + quoted(file));
  }
  return system_error("key_file_unreadable", "cannot open the key file " + quoted(file), number);
}

Error exposed(const std::string& what, const std::string& command) {
  return file_error(ErrorKind::permission_denied, "key_file_exposed", what + "; run: " + command);
}

// Who can write the folder can put another file in its place. Not so where the sticky bit stands
// (/tmp, mounted secrets).
Status check_folder(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  struct stat about {};
  if (::stat(folder.c_str(), &about) != 0) {
    return system_error("key_file_unreadable", "cannot look at the folder of " + quoted(file),
                        errno);
  }
  const bool others = (about.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (!others || (about.st_mode & S_ISVTX) != 0) return ok();
  return exposed("others can write the folder of the key file " + quoted(file) +
                     " and so put another key in its place",
                 "chmod go-w " + quoted(folder));
}

Status check_mode(int fd, const std::filesystem::path& file) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) {
    return system_error("key_file_unreadable", "cannot look at the key file " + quoted(file),
                        errno);
  }
  if (!S_ISREG(about.st_mode)) {
    return file_error(ErrorKind::invalid_argument, "key_file_unreadable",
                      "the key file " + quoted(file) + " is not a regular file");
  }
  if ((about.st_mode & kOthers) != 0) {
    return exposed(
        "others can reach the key file " + quoted(file) + ", which opens every stored credential",
        "chmod 600 " + quoted(file));
  }
  return check_folder(file);
}

// Up to a byte more than may be, so that the caller sees that it is too much.
Status read_all(int fd, const std::filesystem::path& file, std::string& text) {
  text.reserve(kFileBytes + 4096);  // never grows: growing would leave copies of keys behind
  std::array<char, 4096> part{};
  ssize_t count = 1;
  while (count > 0 && text.size() <= kFileBytes) {
    count = ::read(fd, part.data(), part.size());
    if (count < 0 && errno == EINTR) {
      count = 1;
      continue;
    }
    if (count < 0) {
      return system_error("key_file_unreadable", "cannot read the key file " + quoted(file), errno);
    }
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  ::explicit_bzero(part.data(), part.size());
  if (text.size() > kFileBytes) {
    return file_error(
        ErrorKind::too_large, "key_file_too_large",
        "the key file " + quoted(file) + " is larger than 64 KiB: this is no key file");
  }
  return ok();
}

Status write_all(int fd, std::string_view text, const std::string& what) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("key_file_unwritable", what, errno);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fsync(fd) != 0) return system_error("key_file_unwritable", what, errno);
  return ok();
}

// The name of a new file is on the disk only when its folder is.
Status sync_folder(const std::filesystem::path& file, const std::string& what) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const File opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!opened || ::fsync(opened.fd()) != 0) {
    return system_error("key_file_unwritable", what, errno);
  }
  return ok();
}

Status write_new(int fd, const std::filesystem::path& file, std::string_view text) {
  const std::string what = "cannot write the key file " + quoted(file);
  // open's mode went through the umask; this one does not.
  if (::fchmod(fd, kOwnerOnly) != 0) return system_error("key_file_unwritable", what, errno);
  if (Status written = write_all(fd, text, what); !written) return written;
  return sync_folder(file, what);
}

// The open key file under its lock, so that of two processes that change it none loses the other's
// key. Whoever waited for the lock may hold a file that has been replaced meanwhile: then again.
Result<int> open_locked(const std::filesystem::path& file) {
  const std::string what = "cannot lock the key file " + quoted(file);
  for (;;) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return open_error(file, errno);
    struct stat locked {};
    struct stat named {};
    const bool held = ::flock(fd, LOCK_EX) == 0 && ::fstat(fd, &locked) == 0;
    if (!held) {
      const int number = errno;
      ::close(fd);
      return system_error("key_file_unwritable", what, number);
    }
    if (::stat(file.c_str(), &named) == 0 && named.st_ino == locked.st_ino &&
        named.st_dev == locked.st_dev) {
      return fd;
    }
    ::close(fd);
  }
}

// Mode and owner as the file before had them, even if root does this for somebody.
Status write_draft(int fd, const std::filesystem::path& file, const struct stat& before,
                   std::string_view text) {
  const std::string what = "cannot write the new key file beside " + quoted(file);
  const bool other_owner = before.st_uid != ::geteuid() || before.st_gid != ::getegid();
  if (::fchmod(fd, kOwnerOnly) != 0 ||
      (other_owner && ::fchown(fd, before.st_uid, before.st_gid) != 0)) {
    return system_error("key_file_unwritable", what, errno);
  }
  return write_all(fd, text, what);
}

Status replace(const std::filesystem::path& file, const struct stat& before,
               std::string_view text) {
  const std::filesystem::path draft = file.string() + ".new";
  ::unlink(draft.c_str());  // of somebody who was killed here; the lock says that nobody is
  const File opened{
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOwnerOnly)};
  if (!opened) {
    return system_error("key_file_unwritable", "cannot make a new key file beside " + quoted(file),
                        errno);
  }
  Status written = write_draft(opened.fd(), file, before, text);
  if (written && ::rename(draft.c_str(), file.c_str()) != 0) {
    written =
        system_error("key_file_unwritable", "cannot replace the key file " + quoted(file), errno);
  }
  if (!written) {
    ::unlink(draft.c_str());
    return written;
  }
  return sync_folder(file, "cannot write the folder of the key file " + quoted(file));
}

// Reads, changes and replaces the file under its lock. `change(text, out)` writes the new content.
template <class Change>
Result<KeyRing> edit(const std::filesystem::path& path, Change change) {
  std::error_code none;
  std::filesystem::path file = std::filesystem::canonical(path, none);  // never replace a link
  if (none) file = path;
  const Result<int> locked = open_locked(file);
  if (!locked) return locked.error();
  const File opened{*locked};
  struct stat before {};
  if (Status fit = check_mode(opened.fd(), file); !fit) return fit.error();
  if (::fstat(opened.fd(), &before) != 0) {
    return system_error("key_file_unreadable", "cannot look at " + quoted(file), errno);
  }
  WipedText old;
  WipedText fresh;
  if (Status done = read_all(opened.fd(), file, old.text); !done) return done.error();
  fresh.text.reserve(old.text.size() + 256);
  if (Status done = change(std::string_view(old.text), fresh.text); !done) return done.error();
  Result<KeyRing> ring = KeyRing::parse(fresh.text);
  if (!ring) return ring.error().prefixed("key file " + quoted(file));
  if (Status done = replace(file, before, fresh.text); !done) return done.error();
  return ring;
}

// All lines but that of the key, and the comment that says when it was made.
Status without_key(std::string_view text, std::string_view id, std::string& out) {
  std::string_view comment;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line =
        text.substr(0, end == std::string_view::npos ? text.size() : end + 1);
    text.remove_prefix(line.size());
    if (line.starts_with("# made ")) {
      out.append(std::exchange(comment, line));
      continue;
    }
    const Result<KeyRing> one = KeyRing::parse(line);
    const bool it = one && one->first().id == id;
    if (!it) out.append(comment).append(line);
    comment = {};
  }
  out.append(comment);
  return ok();
}

}  // namespace

Result<KeyRing> KeyRing::read(const std::filesystem::path& file) {
  // O_NONBLOCK: a FIFO in its place must not hang the start.
  const File opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!opened) return open_error(file, errno);
  if (Status fit = check_mode(opened.fd(), file); !fit) return fit.error();
  WipedText buffer;
  if (Status done = read_all(opened.fd(), file, buffer.text); !done) return done.error();
  Result<KeyRing> ring = parse(buffer.text);
  if (!ring) return ring.error().prefixed("key file " + quoted(file));
  return ring;
}

Result<KeyRing> KeyRing::create(const std::filesystem::path& file, Random& random) {
  const File opened{
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOwnerOnly)};
  if (!opened && errno == EEXIST) {
    return conflict("key_file_exists",
                    "the key file " + quoted(file) + " is there already and stays as it is");
  }
  if (!opened) {
    return system_error("key_file_unwritable", "cannot make the key file " + quoted(file), errno);
  }
  WipedText line;
  line.text.reserve(64);
  line.text.append(FernetKey::generate(random).to_text().reveal()).push_back('\n');
  if (Status written = write_new(opened.fd(), file, line.text); !written) {
    ::unlink(file.c_str());  // ours: O_EXCL made it; half a key would stop the next start
    return written.error();
  }
  return parse(line.text);
}

Result<KeyRing> KeyRing::add_key(const std::filesystem::path& file, WallTime now, Random& random) {
  const FernetKey key = FernetKey::generate(random);
  return edit(file, [&](std::string_view old, std::string& out) {
    if (old.starts_with("\xEF\xBB\xBF")) old.remove_prefix(3);
    out.append("# made ").append(to_rfc3339(now)).append("\n");
    out.append(key.to_text().reveal()).append("\n").append(old);
    return ok();
  });
}

Result<KeyRing> KeyRing::drop_key(const std::filesystem::path& file, std::string_view id) {
  return edit(file, [&](std::string_view old, std::string& out) -> Status {
    const Result<KeyRing> ring = parse(old);
    if (!ring) return ring.error();
    if (ring->find(id) == nullptr) {
      return file_error(ErrorKind::not_found, "key_not_found",
                        "the key ring has no key " + std::string(id));
    }
    if (ring->first().id == id) {
      return conflict("key_in_use", "key " + std::string(id) +
                                        " seals what is stored now; put another in front of it "
                                        "first: pilot keyring rotate");
    }
    return without_key(old, id, out);
  });
}

}  // namespace pilot::vault
