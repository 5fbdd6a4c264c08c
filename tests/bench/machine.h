// What the figures were measured on.
#pragma once

#include <filesystem>

#include "report.h"

namespace pilot::bench {

Machine describe_machine(const std::filesystem::path& data);
std::string file_system_of(const std::filesystem::path& path);
double load_average();  // of the last minute

}  // namespace pilot::bench
