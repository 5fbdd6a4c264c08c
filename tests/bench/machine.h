// What the figures were measured on.
#pragma once

#include <filesystem>

#include "report.h"

namespace pilot::bench {

Machine describe_machine(const std::filesystem::path& data);
double load_average();  // of the last minute

}  // namespace pilot::bench
