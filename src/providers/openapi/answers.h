// What an operation's success answer says: its media type, and whether it is a list in pages. A
// guess is taken only where the document leaves no doubt.
#pragma once

#include "providers/openapi/draft.h"
#include "providers/openapi/schema_convert.h"

namespace pilot::providers::openapi {

// `out: {binary: true}` or an Accept header where the answer needs one; `items` and `page`.
void add_answer(const Json& operation, Converter& converter, Draft& draft);

}  // namespace pilot::providers::openapi
