// One statement on a SQLite file of a user, in a transaction of its own. The file is below the
// folder that the operator gave, in the user's own part of it; the statement reaches nothing else.
// On the call's side thread.
#pragma once

#include "providers/data/sql.h"

namespace pilot::providers::data {

// The file `name` of the call's user. Codes: not_configured, invalid_value.
Result<std::string> sqlite_path(std::string_view folder, std::string_view user,
                                std::string_view name);

TaskOutcome run_on_sqlite(const std::string& path, const Statement& statement, bool read_only,
                          const TaskContext& context);

}  // namespace pilot::providers::data
