// The short types of a manifest's params: `string!`, `integer=10`, `open|closed|all=open`,
// `strings`, or a JSON Schema map. Pure.
#pragma once

#include "providers/manifest/reader.h"
#include "providers/manifest/spec.h"

namespace pilot::providers::manifest {

struct ParamType {
  Param param;  // wire, file and aliases; place is the caller's matter
  Json schema;  // JSON Schema, with its default
  bool required = false;
};

// `place` matters where a value becomes text anyway: a number is welcome as a text there.
std::optional<ParamType> read_param_type(std::string_view name, const Json& value, Place place,
                                         const std::string& pointer, Faults& faults);

}  // namespace pilot::providers::manifest
