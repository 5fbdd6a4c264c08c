// Values as JSON Schema sees them: 1 and 1.0 are one number, the order of members means nothing.
// All exact over int64, uint64 and double. Pure; any thread.
#pragma once

#include <functional>
#include <string>

#include "base/json.h"

namespace pilot::schema {

using Wildcard = std::function<bool(const Json&)>;  // true: equal to everything

unsigned type_bits(const Json& value);  // bits of Type in schema_node.h
bool is_integral(const Json& number);
// Below, equal, above: -1, 0, 1. Both are numbers.
int compare(const Json& a, const Json& b);
// Exact in decimal, as people write numbers: 0.3 is a multiple of 0.1. `divisor` is above 0.
bool is_multiple(const Json& number, const Json& divisor);
// `wildcard` may be null; it is asked about every part of `value`.
bool same(const Json& value, const Json& other, const Wildcard* wildcard);
// One text for all spellings of a value, another for every other value.
std::string canonical(const Json& value);

}  // namespace pilot::schema
