#include "providers/data/sql.h"

#include <fmt/format.h>

#include <algorithm>

namespace pilot::providers::data {
namespace {

Error wrong(std::string message, std::string pointer) {
  return invalid("invalid_value", std::move(message), std::move(pointer));
}

Error too_many_values(std::size_t count, std::string pointer) {
  return too_large("too_many_values",
                   fmt::format("{} values for one statement, the limit is {}; use several steps or "
                               "a foreach",
                               count, limits::kQueryValues),
                   std::move(pointer));
}

// The rows as a list of objects, whichever way they were given.
Result<std::vector<const JsonObject*>> rows_of(const Json& params) {
  const Json* given = find(params, "rows");
  if (given == nullptr) given = find(params, "values");
  std::vector<const JsonObject*> rows;
  if (given == nullptr) return wrong("rows are missing: an object, or a list of them", "/rows");
  if (given->is_object()) rows.push_back(&given->get_object());
  if (given->is_array()) {
    for (const Json& one : given->get_array()) {
      if (!one.is_object()) return wrong("each row is an object of columns and values", "/rows");
      rows.push_back(&one.get_object());
    }
  }
  if (rows.empty()) return wrong("there is no row", "/rows");
  if (rows.front()->empty()) return wrong("a row has no column", "/rows/0");
  return rows;
}

struct Insert {
  Statement statement;               // without its end
  std::vector<std::string> columns;  // quoted
  std::vector<std::string> names;
};

Result<Insert> begin_insert(const Call& call, const Dialect& dialect) {
  auto rows = rows_of(call.params);
  if (!rows) return rows.error();
  auto table = quoted_name(string_or(call.params, "table"), dialect, true, "/table");
  if (!table) return table.error();
  Insert out;
  for (const auto& column : *rows->front()) {
    const std::string name(column.key());
    auto quoted = quoted_name(name, dialect, false, "/rows");
    if (!quoted) return quoted.error();
    out.columns.push_back(std::move(*quoted));
    out.names.push_back(name);
  }
  const std::size_t count = rows->size() * out.columns.size();
  if (count > limits::kQueryValues) return too_many_values(count, "/rows");
  std::string& sql = out.statement.sql;
  sql = fmt::format("INSERT INTO {} ({}) VALUES ", *table, fmt::join(out.columns, ", "));
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const JsonObject& row = *(*rows)[i];
    if (row.size() != out.names.size()) {
      return wrong("every row must have the columns of the first one", pointer_join("/rows", i));
    }
    sql += i == 0 ? "(" : ", (";
    for (std::size_t column = 0; column < out.names.size(); ++column) {
      const Json* value = find(row, out.names[column]);
      if (value == nullptr) {
        return wrong(
            fmt::format("the row has no \"{}\", which the first one has", out.names[column]),
            pointer_join("/rows", i));
      }
      out.statement.values.push_back(value);
      if (column > 0) sql += ", ";
      sql += dialect.numbered ? fmt::format("${}", out.statement.values.size()) : "?";
    }
    sql += ")";
  }
  return out;
}

Result<std::vector<std::string>> key_of(const Insert& insert, const Json& params,
                                        const Dialect& dialect) {
  std::vector<std::string> quoted;
  const Json* key = find(params, "key");
  if (key == nullptr) return quoted;
  std::vector<const Json*> names;
  if (key->is_array()) {
    for (const Json& one : key->get_array()) names.push_back(&one);
  } else {
    names.push_back(key);
  }
  for (const Json* one : names) {
    const std::string name(one->is_string() ? as_view(one->get_string()) : "");
    if (std::ranges::find(insert.names, name) == insert.names.end()) {
      return wrong(fmt::format("the key \"{}\" is no column of the rows", name), "/key");
    }
    auto safe = quoted_name(name, dialect, false, "/key");
    if (!safe) return safe.error();
    quoted.push_back(std::move(*safe));
  }
  return quoted;
}

constexpr std::string_view kValues = R"({"type": "array", "description":
    "Values for the placeholders, in order. They are bound, never put into the text."})";

Json sql_params(std::string_view placeholders) {
  Json schema = params_schema(R"({
    "type": "object",
    "properties": {"sql": {"type": "string", "minLength": 1}},
    "required": ["sql"], "additionalProperties": false})");
  JsonObject& properties = schema.get_object()["properties"].get_object();
  properties["sql"].get_object()["description"] =
      fmt::format("One statement; values come in as {}.", placeholders);
  properties["params"] = params_schema(kValues);
  properties["values"] = JsonObject{{"type", "array"}, {"description", "Another name of params."}};
  return schema;
}

Json rows_params(bool upsert) {
  Json schema = params_schema(R"({
    "type": "object",
    "properties": {
      "table": {"type": "string", "minLength": 1, "description": "Table, or schema.table."},
      "rows": {"type": ["object", "array"],
               "description": "A row as {column: value}, or a list of rows."},
      "values": {"type": ["object", "array"], "description": "Another name of rows."}
    },
    "required": ["table"],
    "anyOf": [{"required": ["rows"]}, {"required": ["values"]}],
    "additionalProperties": false})");
  if (upsert) {
    schema.get_object()["properties"].get_object()["key"] = params_schema(R"({
      "type": ["string", "array"], "items": {"type": "string"},
      "description": "The column or columns that tell rows apart; they have a unique index."})");
    schema.get_object()["required"].get_array().emplace_back("key");
  }
  return schema;
}

template <class Make>
TaskAction task_of(Make make, Run run) {
  return TaskAction{[make, run = std::move(run)](const Call& call, const TaskContext& context) {
    const Result<Statement> statement = make(call);
    if (!statement) return TaskOutcome::fail(statement.error());
    return run(call, context, *statement);
  }};
}

}  // namespace

Result<std::string> quoted_name(std::string_view name, const Dialect& dialect, bool may_have_schema,
                                std::string_view pointer) {
  std::string out;
  std::size_t parts = 0;
  for (std::string_view rest = name; parts == 0 || !rest.empty();) {
    const std::size_t dot = may_have_schema ? rest.find('.') : std::string_view::npos;
    const std::string_view part = rest.substr(0, dot);
    const bool control = std::ranges::any_of(
        part, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (part.empty() || control || part.size() > dialect.name_bytes || ++parts > 2 ||
        (dot != std::string_view::npos && dot + 1 == rest.size())) {
      return wrong(fmt::format("a name here has 1 to {} bytes and no control characters{}",
                               dialect.name_bytes, may_have_schema ? "; or is schema.table" : ""),
                   std::string(pointer));
    }
    if (parts > 1) out += '.';
    out += dialect.quote;
    for (const char c : part) {
      out += c;
      if (c == dialect.quote) out += c;
    }
    out += dialect.quote;
    rest = dot == std::string_view::npos ? "" : rest.substr(dot + 1);
  }
  return out;
}

Result<Statement> statement_of(const Call& call) {
  Statement out{.sql = std::string(string_or(call.params, "sql")), .values = {}};
  if (out.sql.size() > limits::kQueryBytes) {
    return too_large("sql_too_long",
                     fmt::format("the statement has {} bytes, the limit is {}", out.sql.size(),
                                 limits::kQueryBytes),
                     "/sql");
  }
  if (out.sql.find('\0') != std::string::npos) return wrong("NUL in a statement", "/sql");
  const Json* given = find(call.params, "params");
  const Json* other = find(call.params, "values");
  if (given != nullptr && other != nullptr)
    return wrong("give params or values, not both", "/values");
  if (given == nullptr) given = other;
  if (given == nullptr) return out;
  const JsonArray& list = given->get_array();
  if (list.size() > limits::kQueryValues) return too_many_values(list.size(), "/params");
  for (const Json& value : list) out.values.push_back(&value);
  return out;
}

Result<Statement> insert_of(const Call& call, const Dialect& dialect) {
  auto insert = begin_insert(call, dialect);
  if (!insert) return insert.error();
  if (dialect.returning) insert->statement.sql += " RETURNING *";
  return std::move(insert->statement);
}

Result<Statement> upsert_of(const Call& call, const Dialect& dialect) {
  auto insert = begin_insert(call, dialect);
  if (!insert) return insert.error();
  const auto key = key_of(*insert, call.params, dialect);
  if (!key) return key.error();
  if (key->empty()) return wrong("an upsert needs the columns that tell rows apart", "/key");
  std::vector<std::string> sets;
  for (const std::string& column : insert->columns) {
    const bool is_key = std::ranges::find(*key, column) != key->end();
    // MySQL wants something to set even if a row is nothing but its key.
    if (dialect.on_duplicate_key) {
      sets.push_back(fmt::format("{0} = VALUES({0})", column));
    } else if (!is_key) {
      sets.push_back(fmt::format("{0} = EXCLUDED.{0}", column));
    }
  }
  std::string& sql = insert->statement.sql;
  if (dialect.on_duplicate_key) {
    sql += fmt::format(" ON DUPLICATE KEY UPDATE {}", fmt::join(sets, ", "));
  } else if (sets.empty()) {
    sql += fmt::format(" ON CONFLICT ({}) DO NOTHING", fmt::join(*key, ", "));
  } else {
    sql += fmt::format(" ON CONFLICT ({}) DO UPDATE SET {}", fmt::join(*key, ", "),
                       fmt::join(sets, ", "));
  }
  if (dialect.returning) sql += " RETURNING *";
  return std::move(insert->statement);
}

void add_sql_actions(Provider& provider, const Dialect& dialect, std::string_view placeholders,
                     Run read, Run write) {
  provider.add({.name = "query",
                .title = "Query",
                .description = "Reads rows; cannot change anything. Output: {rows, columns, "
                               "row_count}.",
                .aliases = {"select"},
                .params = sql_params(placeholders),
                .code_params = {"sql"},
                .effect = EffectClass::read,
                .body = task_of(statement_of, std::move(read))});
  provider.add({.name = "execute",
                .title = "Execute",
                .description = "Carries out one statement. Output: {rows, columns, row_count}; "
                               "row_count is how many it changed.",
                .aliases = {"execute_query", "run"},
                .params = sql_params(placeholders),
                .code_params = {"sql"},
                .effect = EffectClass::unsafe,
                .body = task_of(statement_of, write)});
  provider.add(
      {.name = "insert",
       .title = "Insert rows",
       .description = "Adds rows to a table. Output: {rows, columns, row_count}.",
       .params = rows_params(false),
       .effect = EffectClass::unsafe,
       .body = task_of([dialect](const Call& call) { return insert_of(call, dialect); }, write)});
  provider.add({.name = "upsert",
                .title = "Insert or update rows",
                .description = "Adds rows, or updates those whose key is there. Output: {rows, "
                               "columns, row_count}.",
                .params = rows_params(true),
                .effect = EffectClass::idempotent,
                .body = task_of([dialect](const Call& call) { return upsert_of(call, dialect); },
                                std::move(write))});
}

}  // namespace pilot::providers::data
