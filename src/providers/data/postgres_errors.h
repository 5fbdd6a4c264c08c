// What PostgreSQL's SQLSTATEs mean to a step. Pure; any thread.
#pragma once

#include <string_view>

#include "model/outcome.h"

struct pg_result;

namespace pilot::providers::data {

// Of a connection that did not come about; `text` is libpq's, verbose.
StepError connect_error(std::string_view text, std::string_view peer);

// Of a statement. Code `stopped` when the server was asked to, or its statement_timeout was over.
StepError statement_error(const pg_result* result);

}  // namespace pilot::providers::data
