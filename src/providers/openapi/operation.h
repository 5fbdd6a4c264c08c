// The operations of a document, their names, and one of them as an action of a manifest.
#pragma once

#include "providers/openapi/schema_convert.h"
#include "providers/openapi/security.h"

namespace pilot::providers::openapi {

struct Operation {
  std::string method;  // GET
  std::string_view path;
  const Json* path_item = nullptr;
  const Json* object = nullptr;
  std::string pointer;
  std::string name;  // of the action
};

// All of them, with names that differ. Code no_operations.
Result<std::vector<Operation>> list_operations(Document& document, Notes& notes);

// One of the globs fits its operationId, name, a tag, its path or "METHOD /path".
bool is_included(const Operation& operation, const std::vector<std::string>& globs);

// What actions of one import have in common.
struct Surroundings {
  Document& document;
  Security& security;
  const Address& address;
  std::string_view source_url;
};

struct BuiltAction {
  JsonObject action;
  bool full = false;  // the extent was too small: it is not whole
};

// None with a note when it has to be left out.
std::optional<BuiltAction> build_action(const Operation& operation, const Surroundings& around,
                                        const Extent& extent, Notes& notes);

}  // namespace pilot::providers::openapi
