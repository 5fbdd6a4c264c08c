// --ca-file: certificate authorities of one's own. Main thread.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace pilot::app {

// Its content, PEM, once it is sure that there is a certificate in it. Empty for an empty path.
// Code invalid_ca_file.
Result<std::string> read_ca_file(const std::filesystem::path& file);

}  // namespace pilot::app
