// How builtins name a value in their errors: string ("abc"), as jq does.
#pragma once

#include <string>
#include <string_view>

#include "jq/builtins.h"

namespace pilot::jq {

inline std::string described(const Val& value) {
  return std::string(kind_name(value)) + " (" + brief(value) + ")";
}

// Fails with `string ("abc") cannot be ...`; answers null.
inline Val type_error(Call& call, const Val& value, std::string_view problem) {
  return call.fail(described(value) + " " + std::string(problem));
}

}  // namespace pilot::jq
