// A JSON Schema (2020-12) of a documented vocabulary, compiled once, checked often:
// type (also lists), enum, const, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf,
// minLength, maxLength, pattern (RE2, linear time), format (email, uri, date, date-time, uuid,
// ipv4, ipv6, hostname), properties, required, additionalProperties, patternProperties,
// propertyNames, minProperties, maxProperties, items, prefixItems, minItems, maxItems, uniqueItems,
// contains, anyOf, oneOf, allOf, not, $ref to a local #/..., $defs. Annotations (title,
// description, default, examples, deprecated, readOnly, writeOnly, $schema, $id, $comment, x-...)
// are kept and ignored. Any other key is refused when compiled: a schema that says more than we
// check would be a lie.
//
// Immutable after compile; any thread.
#pragma once

#include <functional>
#include <memory>

#include "base/json.h"
#include "model/problem.h"

namespace pilot::schema {

class Schema {
 public:
  static Result<Schema> compile(Json schema);  // code invalid_schema, pointer into the schema

  // Problems with pointers under `base`, most telling first; empty when it fits. Codes:
  // missing_param (its pointer is where the member should be), unknown_param (with the nearest
  // name), wrong_type, invalid_value. At most `max_problems` are collected. Values under a schema
  // with writeOnly: true are never in a message. A check that would take more than about a second
  // (a schema that branches at every level) ends with an invalid_value that says so.
  Problems check(const Json& value, std::string_view base = "",
                 std::size_t max_problems = 20) const;

  // As check, but a value for which `skip` answers true fits everywhere (a text with references is
  // known only when the plan runs).
  Problems check(const Json& value, std::string_view base, std::size_t max_problems,
                 const std::function<bool(const Json&)>& skip) const;

  const Json& document() const;
  bool compiled() const { return root_ != nullptr; }  // false for one that was only declared

  struct Node;  // internal

 private:
  std::shared_ptr<const Node> root_;
};

// Members that are missing and have a `default` in `properties` are put in (top level only).
void fill_defaults(Json& object, const Json& schema_document);

}  // namespace pilot::schema
