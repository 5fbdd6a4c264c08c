// What programs can call: the table of builtins and the prelude, found by name and arity.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "jq/ast.h"
#include "jq/builtins.h"

namespace pilot::jq {

const FunctionDef* find_prelude(std::string_view name, std::size_t arity);

}  // namespace pilot::jq
