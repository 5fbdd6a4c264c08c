// What the SQL databases share: statements made of names and values that are never pasted, and what
// their params look like. Pure; any thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "providers/registry.h"

namespace pilot::providers::data {

// A statement with its values, in the order of its placeholders. Lent from the call's params.
struct Statement {
  std::string sql;
  std::vector<const Json*> values;
};

// How a database writes names and placeholders.
struct Dialect {
  char quote = '"';               // around a name; twice inside it
  bool numbered = false;          // $1, else ?
  std::size_t name_bytes = 63;    // the longest name
  bool on_duplicate_key = false;  // MySQL's upsert, else ON CONFLICT
  bool returning = true;          // RETURNING * behind it
};

// `sql` with `params` (or `values`): a list. Codes: sql_too_long, too_many_values.
Result<Statement> statement_of(const Call& call);

// INSERT of `rows` (one object or a list of them) into `table`. Rows that lack a column of the
// first one, or have one more, are refused: invalid_value. So is a name that cannot be one.
Result<Statement> insert_of(const Call& call, const Dialect& dialect);
// The same, and what to do about rows that are there: `key` (names) says which.
Result<Statement> upsert_of(const Call& call, const Dialect& dialect);

// "schema"."table", each part quoted. Code invalid_value.
Result<std::string> quoted_name(std::string_view name, const Dialect& dialect, bool may_have_schema,
                                std::string_view pointer);

using Run = std::function<TaskOutcome(const Call&, const TaskContext&, const Statement&)>;

// The four actions: query (read), execute, insert (unsafe) and upsert (idempotent). `read` and
// `write` carry the statement out. `placeholders` is how values are named, for people.
void add_sql_actions(Provider& provider, const Dialect& dialect, std::string_view placeholders,
                     Run read, Run write);

}  // namespace pilot::providers::data
