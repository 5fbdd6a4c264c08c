// The bare database as a reference: the rows of one execution through plain prepared statements, on
// the file system of the data directory. See store/sqlite/bare_rows.h.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "report.h"

namespace pilot::bench {

class BareDatabase {
 public:
  explicit BareDatabase(std::filesystem::path file) : file_(std::move(file)) {}

  // Adds one sample to each of bare_w1_single, bare_w1_batch100, bare_w2_single, bare_w2_batch100;
  // each takes `seconds`.
  Status sample(double seconds, std::vector<Reference>& references);

 private:
  std::filesystem::path file_;
};

}  // namespace pilot::bench
