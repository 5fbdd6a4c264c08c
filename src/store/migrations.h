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
// Not of the schema: the steps that take over an old service's database (see take_over.h).
const std::vector<Migration>& take_over_migrations();

}  // namespace pilot::store
