// PostgreSQL's values as JSON and back, by their type's OID. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace pilot::providers::data {

using Oid = unsigned int;

// The text form of a value (DateStyle ISO, time zone UTC, bytea hex). Types that JSON has no better
// form for stay text.
Json from_postgres(Oid type, std::string_view text);

// The text form for a parameter of that type; none for NULL. Lists become array literals where the
// type is an array, else JSON. Code invalid_value.
Result<std::optional<std::string>> to_postgres(Oid type, const Json& value);

}  // namespace pilot::providers::data
