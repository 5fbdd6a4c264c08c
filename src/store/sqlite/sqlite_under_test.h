// What the tests of the SQLite store share: a folder that goes away, and a store in it.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/log.h"
#include "store/store_conformance.h"

namespace pilot::store::sqlite {

class TemporaryFolder {
 public:
  // In memory where the system has such a place: for tests that open and sync a great many times.
  enum class Where { disk, memory };
  explicit TemporaryFolder(Where where = Where::disk) {
    const bool memory = where == Where::memory && ::access("/dev/shm", W_OK) == 0;
    const std::filesystem::path base = memory ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string name = (base / "pilot-store-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class SqliteUnderTest final : public StoreUnderTest {
 public:
  SqliteUnderTest(bool memory, bool threads) {
    SqliteOptions options{.file = memory ? ":memory:" : folder_.path() / "pilot.db",
                          .threads = threads};
    auto opened = open_sqlite(options, log_);
    EXPECT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  Store& store() override { return *store_; }

 private:
  TemporaryFolder folder_;
  Log log_{LogLevel::off};
  std::unique_ptr<Store> store_;
};

inline std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_file(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace pilot::store::sqlite
