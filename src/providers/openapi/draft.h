// One action while it is put together: values with their places at the vendor, which get names that
// differ at the end.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "providers/openapi/words.h"

namespace pilot::providers::openapi {

enum class Where { path, query, header, body };

struct Slot {
  std::string wire;  // the vendor's name
  Where where = Where::query;
  JsonObject schema;
  bool required = false;
};

struct Draft {
  std::string method;
  std::string target;  // the path, or an absolute URL; {wire name} where a slot goes
  std::vector<Slot> slots;
  JsonObject set;           // constants: {"query.v": 2}
  std::string body;         // the encoding; empty: as the provider's
  std::string arrays;       // empty: the usual
  bool whole_body = false;  // one slot is all of the body
  JsonObject more;          // page, items, out, auth, ...

  // A constant, unless its text cannot stand in `set`: then false.
  bool put_constant(Where where, std::string_view wire, const Json& value);
  // `do`, params, query, header, set, send, body and arrays of the manifest's action.
  JsonObject finished() &&;
};

// "GET" and the like: their params are in the query without being told.
bool without_body(std::string_view method);

}  // namespace pilot::providers::openapi
