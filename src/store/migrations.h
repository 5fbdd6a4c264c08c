// The numbered migrations built into the binary (from migrations/*/*.sql).
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
const std::vector<Migration>& postgres_migrations();

}  // namespace pilot::store
