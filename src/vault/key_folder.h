// For tests: a folder of its own with a key file in it.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/temp_dir_for_test.h"

namespace pilot::vault::testing {

inline constexpr std::string_view kKeyA = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
inline constexpr std::string_view kKeyB = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

inline std::string lines(std::initializer_list<std::string_view> all, std::string_view end = "\n") {
  std::string text;
  for (const std::string_view line : all) text.append(line).append(end);
  return text;
}

class KeyFolder : public TempDir {
 public:
  std::filesystem::path file() const { return path() / "pilot.key"; }
  void write(std::string_view text, mode_t mode = 0600) const {
    std::ofstream{file(), std::ios::binary} << text;
    ASSERT_EQ(::chmod(file().c_str(), mode), 0);
  }
  std::string content() const {
    std::ifstream in{file(), std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  static mode_t mode_of(const std::filesystem::path& file) {
    struct stat about {};
    EXPECT_EQ(::stat(file.c_str(), &about), 0);
    return about.st_mode & 07777;
  }
};

}  // namespace pilot::vault::testing
