// The parameters of an operation: path, query, header and (noted) cookie, of all versions.
#pragma once

#include "providers/openapi/draft.h"
#include "providers/openapi/schema_convert.h"

namespace pilot::providers::openapi {

struct Parameter {
  std::string_view name;
  std::string_view in;  // path, query, header, cookie; Swagger: body, formData
  bool required = false;
  const Json* object = nullptr;  // the parameter
  const Json* schema = nullptr;  // of its value; null: not said
  bool json_text = false;        // the value is JSON in a text
};

// Those of the path and those of the operation, which go first. None when one of them cannot be
// known (a broken $ref): then the call would be wrong.
std::optional<std::vector<Parameter>> collect_parameters(Document& document, const Json& path_item,
                                                         const Json& operation, Notes& notes);

// A param's schema with its description, example and what it is when it is not sent.
JsonObject described(Converter& converter, const Json& parameter, const SchemaView& view,
                     bool required);

// Slots for path, query and headers.
void add_parameters(const std::vector<Parameter>& parameters, Converter& converter, Draft& draft);

}  // namespace pilot::providers::openapi
