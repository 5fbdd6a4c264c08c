#include "app/ca_file.h"

#include <fmt/format.h>

#include <fstream>

#include "base/crypto.h"

namespace pilot::app {
namespace {

constexpr std::size_t kMost = std::size_t{4} << 20;  // the whole of Mozilla's has 220 KB

Error wrong(const std::filesystem::path& file, std::string_view why) {
  return invalid("invalid_ca_file",
                 fmt::format("--ca-file {}: {}; it is a PEM file of the certificates of your own "
                             "authorities",
                             file.string(), why));
}

}  // namespace

Result<std::string> read_ca_file(const std::filesystem::path& file) {
  if (file.empty()) return std::string();
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return wrong(file, "there is no such file");
  if (std::filesystem::file_size(file, error) > kMost) return wrong(file, "it is too large");
  std::ifstream in(file, std::ios::binary);
  std::string pem{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in) return wrong(file, "it cannot be read");
  const Result<int> count = crypto::count_certificates(pem);
  if (!count) return wrong(file, count.error().message);
  if (*count == 0) return wrong(file, "there is no certificate in it");
  return pem;
}

}  // namespace pilot::app
