// The words of messages: what a schema expects, and what came. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/schema_node.h"

namespace pilot::schema {

// "an integer from 1 to 100", "one of \"a\", \"b\"", "a string or null". Never empty.
std::string describe(const Schema::Node& node);
// The same for the one type that the value has: which of its bounds is broken.
std::string describe_for(const Schema::Node& node, const Json& value);
// "string \"x\"", "integer 5", "array of 3 items"; a secret's type only. Long texts are cut.
std::string got(const Json& value, bool secret);
// "a", "a or b", "a, b or c"
std::string joined(const std::vector<std::string>& parts, std::string_view last);
// "1 item", "2 items"
std::string counted(std::uint64_t count, std::string_view noun);

}  // namespace pilot::schema
