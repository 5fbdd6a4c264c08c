// MySQL's values as JSON and back. Internal to mysql_*.cc. One thread.
#pragma once

#include <mysql.h>

#include <deque>

#include "providers/data/sql.h"

namespace pilot::providers::data {

// The values of a statement as the library wants them; keeps what they point to.
class MysqlParams {
 public:
  explicit MysqlParams(const std::vector<const Json*>& values);
  MysqlParams(const MysqlParams&) = delete;
  MysqlParams& operator=(const MysqlParams&) = delete;
  MYSQL_BIND* get() { return binds_.data(); }

 private:
  std::vector<MYSQL_BIND> binds_;
  std::deque<std::string> texts_;
  std::deque<std::int64_t> integers_;
  std::deque<double> doubles_;
};

// One column of a row that is being read: sized as the value turns out to be.
class MysqlColumn {
 public:
  explicit MysqlColumn(const MYSQL_FIELD& field);
  MYSQL_BIND bind();  // points into this
  Result<Json> value(MYSQL_STMT* statement, unsigned index);
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  enum_field_types type_;
  bool is_unsigned_;
  bool is_binary_;
  my_bool is_null_ = 0;
  my_bool is_cut_ = 0;
  unsigned long size_ = 0;
  std::int64_t integer_ = 0;
  double number_ = 0;
};

}  // namespace pilot::providers::data
