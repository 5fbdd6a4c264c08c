// A small page for people in a browser: a heading and a sentence. No script, no style, nothing from
// elsewhere; all text is escaped here. Pure.
#pragma once

#include "api/response.h"

namespace pilot::api {

Response page(int status, std::string_view heading, std::string_view text);

}  // namespace pilot::api
