#include "app/data_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/json.h"

namespace pilot::app {
namespace {

namespace fs = std::filesystem;

Error unusable(const fs::path& path, std::string_view what, int error) {
  return unavailable("data_dir_unusable", fmt::format("{} {}: {}; choose another with --data-dir",
                                                      what, path.string(), std::strerror(error)));
}

}  // namespace

fs::path DataDir::default_path() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data == '/') {
    return fs::path(data) / "pilot";
  }
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr && *home != '\0' ? home : "/") / ".local/share/pilot";
}

Result<DataDir> DataDir::open(fs::path path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    fs::create_directories(path.parent_path(), error);
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
      return unusable(path, "cannot make the data directory", errno);
    }
  }
  if (!fs::is_directory(path, error)) return unusable(path, "this is not a directory:", ENOTDIR);
  return DataDir(fs::absolute(path, error));
}

std::optional<ServerAddress> DataDir::read_server() const {
  std::ifstream file(path_ / "server.json");
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  const Result<Json> json = parse_json(text.str());
  if (!json) return std::nullopt;
  const std::string_view url = string_or(*json, "url");
  const Json* pid = find(*json, "pid");
  if (url.empty() || pid == nullptr || !pid->is_int64()) return std::nullopt;
  return ServerAddress{std::string(url), static_cast<int>(pid->get_int64()),
                       std::string(string_or(*json, "token"))};
}

Status DataDir::write_server(const ServerAddress& server) const {
  const fs::path file = path_ / "server.json";
  const fs::path draft = path_ / "server.json.new";
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return unusable(draft, "cannot write", errno);
  const std::string text =
      to_json(JsonObject{{"url", server.url}, {"pid", server.pid}, {"token", server.token}}) + "\n";
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  if (!written || rename(draft.c_str(), file.c_str()) != 0) {
    return unusable(file, "cannot write", errno);
  }
  return ok();
}

void DataDir::remove_server() const { unlink((path_ / "server.json").c_str()); }

Result<std::optional<OwnerLock>> OwnerLock::try_take(const DataDir& dir) {
  const fs::path file = dir.path() / "lock";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return unusable(file, "cannot open", errno);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return std::optional(OwnerLock(fd));
  const int error = errno;
  ::close(fd);
  if (error == EWOULDBLOCK) return std::optional<OwnerLock>();
  return unusable(file, "cannot lock", error);
}

OwnerLock::~OwnerLock() {
  if (fd_ >= 0) ::close(fd_);
}

std::string OwnerLock::note() const {
  std::array<char, 256> text{};
  const ssize_t size = pread(fd_, text.data(), text.size(), 0);
  const std::string all(text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return all.substr(0, all.find('\n'));
}

// A note that cannot be written costs its reader some seconds, no more.
void OwnerLock::leave_note(std::string_view note) const {
  const std::string line = std::string(note) + "\n";
  if (ftruncate(fd_, 0) != 0) return;
  if (pwrite(fd_, line.data(), line.size(), 0) < 0) static_cast<void>(ftruncate(fd_, 0));
}

}  // namespace pilot::app
