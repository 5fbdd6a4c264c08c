// The numbered migrations built into the binary (from migrations/sqlite/*.sql).
#pragma once

#include <string>
#include <vector>

namespace pilot::store {

struct Migration {
  int number;
  std::string name;
  std::string sql;
};

const std::vector<Migration>& sqlite_migrations();

}  // namespace pilot::store
