// The command line of the benchmark. Errors: bad_option.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace pilot::bench {

struct Options {
  std::filesystem::path output;  // empty: no file
  std::string store = "sqlite";  // or postgres
  double seconds = 5;
  std::vector<int> connections{1, 16, 100};
  std::filesystem::path pilot;     // default: beside this program
  std::filesystem::path temp_dir;  // default: $TMPDIR, else this program's folder
  std::vector<std::string> only;   // empty: all parts
  std::int64_t rows = 10'000'000;  // of the table that `list` looks into
  bool help = false;

  bool wants(std::string_view part) const;
  bool on_postgres() const { return store == "postgres"; }
};

Result<Options> read_options(int argc, char** argv);
std::string usage();

}  // namespace pilot::bench
