// XML answers as JSON, in the form that `body: xml` writes: an element with text only is a text,
// any other a map of its children, `@name` its attributes (but for namespaces), `#text` its text
// beside them; elements of one name beside each other are a list. {Root: ...} is the whole.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace pilot::providers::manifest {

// Entities that the document itself declares are refused. Code: bad_response.
Result<Json> read_xml(std::string_view text);

}  // namespace pilot::providers::manifest
