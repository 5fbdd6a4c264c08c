// The request body of an operation: which of its media types, and how it becomes params.
#pragma once

#include "providers/openapi/parameters.h"

namespace pilot::providers::openapi {

// Slots of the body, its encoding, and a Content-Type where the encoding's own is not meant. False
// with a note when the body is not known: then the operation is left out.
bool add_body(const Json& operation, const std::vector<Parameter>& parameters, Converter& converter,
              Draft& draft);

// "application/vnd.api+json; charset=utf-8" -> application/vnd.api+json
std::string bare_media_type(std::string_view text);
bool is_json_type(std::string_view bare);

}  // namespace pilot::providers::openapi
