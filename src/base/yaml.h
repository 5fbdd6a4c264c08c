// YAML files of users, read into the same Json value (YAML 1.2 core types for plain scalars).
// Documents, nodes, aliases and depth are bounded; tags are taken as text; duplicate keys refused.
#pragma once

#include "base/json.h"

namespace pilot {

// Error codes: invalid_yaml (with line and column), yaml_limit, duplicate_key, number_out_of_range.
Result<Json> parse_yaml(std::string_view text, const JsonLimits& limits = {});

// The line (from 1) on which the value of a JSON pointer stands, or that of its nearest part that
// is there; 0 when the text cannot be read. For error messages.
int yaml_line(std::string_view text, std::string_view pointer);

// Block style, small containers on one line; reads back to an equal value (doubles as in to_json).
std::string to_yaml(const Json& value);

}  // namespace pilot
