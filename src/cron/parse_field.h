// One field of an expression: a comma-separated list -> Field. Errors: invalid_cron, without a
// place; parse() adds it.
#pragma once

#include "cron/expression.h"

namespace pilot::cron {

Result<Field> parse_field(FieldKind kind, Dialect dialect, std::string_view text);
// A piece of the user's text for a message: in quotes, cut, anything but plain ASCII as "?".
std::string shown(std::string_view text);

}  // namespace pilot::cron
