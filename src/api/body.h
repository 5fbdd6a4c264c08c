// What handlers read from a request: its body as JSON, fields of it, pages, waits. Every error
// names the field (JSON pointer) or the query parameter. Pure; any thread.
#pragma once

#include <optional>

#include "api/request.h"
#include "api/response.h"
#include "base/json.h"
#include "store/page.h"

namespace pilot::api {

// Once per request. Codes of base/json.h (400, 413), missing_body (400).
Result<Json> read_json(Request& request);
// As read_json, and: wrong_type when it is no object, user_mismatch when its `user_id` is given and
// is not the principal.
Result<JsonObject> read_object(Request& request);
// As read_object, but no body at all is an empty object.
Result<JsonObject> read_optional_object(Request& request);
Status check_body_user(const Request& request, const JsonObject& object);

// A member that must be a text (absent or null: `otherwise`). Code wrong_type.
Result<std::string> text_member(const JsonObject& object, std::string_view key,
                                std::string_view otherwise = {});
// A member that must be a list of texts. None: absent or null.
Result<std::optional<std::vector<std::string>>> texts_member(const JsonObject& object,
                                                             std::string_view key);
// unknown_key for a member that is not in `known`, with the nearest that is.
Status refuse_unknown(const JsonObject& object, const std::vector<std::string>& known);

// ?limit (1 to kPageMax) and ?cursor. Errors are 400 invalid_value: answer them with bad_query().
Result<store::PageRequest> read_page(const Request& request);
// ?wait in seconds, 0 to 300, default 60.
Result<Millis> read_wait(const Request& request);
Response bad_query(const Error& error);

// Names of connections and credential types: printable, no spaces at the ends, within kNameLength.
bool is_name(std::string_view text);
// Letters, spaces, anything but control characters and the ones that turn text around.
bool is_title(std::string_view text);

inline Json text(std::string_view value) { return boost::json::string(value.data(), value.size()); }
inline Json text_or_null(std::string_view value) { return value.empty() ? Json() : text(value); }
inline Json time_or_null(const std::optional<WallTime>& time) {
  return time ? text(to_rfc3339(*time)) : Json();
}

}  // namespace pilot::api
