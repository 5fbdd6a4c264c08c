// What the tests of the SQLite store share: a folder that goes away, and a store in it.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/log.h"
#include "base/temp_dir_for_test.h"
#include "store/store_conformance.h"

namespace pilot::store::sqlite {

class TemporaryFolder : public TempDir {
 public:
  // In memory where the system has such a place: for tests that open and sync a great many times.
  enum class Where { disk, memory };
  explicit TemporaryFolder(Where where = Where::disk) : TempDir(place(where)) {}

 private:
  static std::filesystem::path place(Where where) {
    const bool memory = where == Where::memory && ::access("/dev/shm", W_OK) == 0;
    return memory ? "/dev/shm" : std::filesystem::temp_directory_path();
  }
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
