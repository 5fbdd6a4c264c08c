#include "providers/data/mysql_values.h"

#include "base/crypto.h"
#include "providers/data/rows.h"

namespace pilot::providers::data {
namespace {

constexpr unsigned kBinaryCharset = 63;

bool is_integer(enum_field_types type) {
  return type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_SHORT || type == MYSQL_TYPE_LONG ||
         type == MYSQL_TYPE_INT24 || type == MYSQL_TYPE_LONGLONG || type == MYSQL_TYPE_YEAR;
}

bool is_double(enum_field_types type) {
  return type == MYSQL_TYPE_DOUBLE || type == MYSQL_TYPE_FLOAT;
}

}  // namespace

MysqlParams::MysqlParams(const std::vector<const Json*>& values) {
  for (const Json* value : values) {
    MYSQL_BIND bind{};
    if (value->is_null()) {
      bind.buffer_type = MYSQL_TYPE_NULL;
    } else if (value->is_double()) {
      doubles_.push_back(value->get_double());
      bind.buffer_type = MYSQL_TYPE_DOUBLE;
      bind.buffer = &doubles_.back();
    } else if (value->is_bool() || value->is_int64() || value->is_uint64()) {
      integers_.push_back(value->is_bool()    ? std::int64_t{value->get_bool()}
                          : value->is_int64() ? value->get_int64()
                                              : static_cast<std::int64_t>(value->get_uint64()));
      bind.buffer_type = MYSQL_TYPE_LONGLONG;
      bind.buffer = &integers_.back();
      bind.is_unsigned = value->is_uint64() ? 1 : 0;
    } else {
      texts_.push_back(value->is_string() ? std::string(as_view(value->get_string()))
                                          : to_json(*value));
      bind.buffer_type = MYSQL_TYPE_STRING;
      bind.buffer = texts_.back().data();
      bind.buffer_length = texts_.back().size();
    }
    binds_.push_back(bind);
  }
}

MysqlColumn::MysqlColumn(const MYSQL_FIELD& field)
    : name_(field.name, field.name_length),
      type_(field.type),
      is_unsigned_((field.flags & UNSIGNED_FLAG) != 0),
      is_binary_(field.charsetnr == kBinaryCharset) {}

MYSQL_BIND MysqlColumn::bind() {
  MYSQL_BIND bind{};
  bind.is_null = &is_null_;
  bind.error = &is_cut_;
  bind.length = &size_;
  if (is_integer(type_)) {
    bind.buffer_type = MYSQL_TYPE_LONGLONG;
    bind.buffer = &integer_;
    bind.is_unsigned = is_unsigned_ ? 1 : 0;
  } else if (is_double(type_)) {
    bind.buffer_type = MYSQL_TYPE_DOUBLE;
    bind.buffer = &number_;
  } else {
    bind.buffer_type = MYSQL_TYPE_STRING;  // first only its size
  }
  return bind;
}

Result<Json> MysqlColumn::value(MYSQL_STMT* statement, unsigned index) {
  if (is_null_ != 0) return Json(nullptr);
  if (is_integer(type_)) {
    return is_unsigned_ ? Json(static_cast<std::uint64_t>(integer_)) : Json(integer_);
  }
  // A float's own digits, not those of the double next to it.
  if (type_ == MYSQL_TYPE_FLOAT)
    return number_or_text(fmt::format("{}", static_cast<float>(number_)));
  if (type_ == MYSQL_TYPE_DOUBLE) return Json(number_);
  if (size_ > limits::kStepOutput) return too_many_bytes();
  std::string text(size_, '\0');
  MYSQL_BIND whole{};
  unsigned long size = 0;
  whole.buffer_type = MYSQL_TYPE_STRING;
  whole.buffer = text.data();
  whole.buffer_length = text.size();
  whole.length = &size;
  if (size_ > 0 && mysql_stmt_fetch_column(statement, &whole, index, 0) != 0) {
    return internal_error("a value could not be read");
  }
  switch (type_) {
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
      return number_or_text(text);
    case MYSQL_TYPE_TIMESTAMP:
      return Json(timestamp_text(text, "Z"));
    case MYSQL_TYPE_DATETIME:
      return Json(timestamp_text(text, ""));
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_TIME:
      return Json(text);
    case MYSQL_TYPE_JSON: {
      Result<Json> parsed = parse_json(text);
      return parsed ? std::move(*parsed) : Json(text);
    }
    default:
      return is_binary_ ? Json(crypto::base64(text)) : text_or_base64(text);
  }
}

}  // namespace pilot::providers::data
