// The key file: see key_ring.h. Errors: key_file_missing, key_file_exists, key_file_exposed,
// key_file_unreadable, key_file_unwritable, key_file_too_large, invalid_key (with "line 3"),
// no_key, credential_unreadable. No message holds any part of a key. read and create block on the
// disk.
#include "vault/key_ring.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "base/assert.h"

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

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t from = line.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return line.substr(from, line.find_last_not_of(kBlank) - from + 1);
}

Error at_line(const Error& error, std::size_t line) {
  Error placed = error;
  placed.pointer = "line " + std::to_string(line);
  placed.message = placed.pointer + ": " + placed.message;
  return placed;
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
    return file_error(ErrorKind::permission_denied, "key_file_exposed",
                      "others can reach the key file " + quoted(file) +
                          ", which opens every stored credential; run: chmod 600 " + quoted(file));
  }
  return ok();
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

}  // namespace

Result<KeyRing> KeyRing::parse(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // what a Windows editor puts first
  KeyRing ring;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    Result<FernetKey> key = FernetKey::parse(line);
    if (!key) return at_line(key.error(), number);
    ring.keys_.push_back(std::move(*key));
  }
  if (ring.keys_.empty()) {
    return invalid(
        "no_key",
        "there is no key in it: expected one Fernet key a line. If credentials are stored "
        "already, put their key back; nothing else opens them");
  }
  return ring;
}

Result<KeyRing> KeyRing::read(const std::filesystem::path& file) {
  // O_NONBLOCK: a FIFO in its place must not hang the start.
  const File opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!opened && errno == ENOENT) {
    return file_error(ErrorKind::not_found, "key_file_missing",
                      "there is no key file " + quoted(file));
  }
  if (!opened) {
    return system_error("key_file_unreadable", "cannot open the key file " + quoted(file), errno);
  }
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
  KeyRing ring;
  ring.keys_.push_back(FernetKey::generate(random));
  WipedText line;
  line.text.reserve(64);
  line.text.append(ring.keys_.front().to_text().reveal()).push_back('\n');
  if (Status written = write_new(opened.fd(), file, line.text); !written) {
    ::unlink(file.c_str());  // ours: O_EXCL made it; half a key would stop the next start
    return written.error();
  }
  return ring;
}

std::string KeyRing::seal(std::string_view text, WallTime now, Random& random) const {
  PILOT_ASSERT(!keys_.empty());  // parse and create see to it; only a moved-from ring has none
  return keys_.front().encrypt(text, now, random);
}

Result<Secret> KeyRing::open(std::string_view token) const {
  for (const FernetKey& key : keys_) {
    if (Result<Secret> text = key.decrypt(token)) return text;
  }
  const std::string keys =
      keys_.size() == 1 ? "the key" : "any of the " + std::to_string(keys_.size()) + " keys";
  return conflict(
      "credential_unreadable",
      "a stored value cannot be opened with " + keys +
          " of the key file: its key is missing there, or the value is damaged. Put the "
          "old key back as a further line, or store the value anew");
}

}  // namespace pilot::vault
