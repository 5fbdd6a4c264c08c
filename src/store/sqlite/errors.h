// What SQLite's result codes mean for people and callers. Any thread.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/error.h"

namespace pilot::store::sqlite {

// `result` is an extended result code, `system_error` an errno or 0, `detail` SQLite's own words.
// Run-time messages name the file without its folder: they may reach API clients.
Error database_failure(int result, int system_error, const std::filesystem::path& file,
                       std::string_view detail);

// Why the file could not be opened, with its whole path and what to do. For start-up only.
Error open_failure(const Error& cause, const std::filesystem::path& file);

bool is_io_failure(int result);  // after which a connection must not be used again

}  // namespace pilot::store::sqlite
