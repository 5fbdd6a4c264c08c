// /api/openapi.json (OpenAPI 3.1), made from the router's own table of routes and from what the
// files of this folder say of each: a route that they do not know, or know without there being one,
// is a bug that stops the program at its start. Pure; any thread.
//
// Schemas are written as lists of fields, "name:type" with spaces between them:
//   name?:type  may be absent          type?  may be null         [type]  a list
//   {type}      any names, one type    a|b|c  one of these words  any     any value
//   time        an RFC 3339 text       Name   another schema      ...Name its fields, too
//   !           no other members are taken (a request's body)
// Types of one value: string, integer, number, boolean, object, array.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/router.h"

namespace pilot::api::openapi {

struct SchemaDoc {
  std::string_view name;
  std::string_view fields;
};

struct RouteDoc {
  std::string_view id;       // of the route
  std::string_view query;    // names of kQueries
  std::string_view body;     // a schema's name; "Name?": may be left out; "": takes none
  std::string_view answers;  // "200:Run 202:Unfinished 204"; also :text and :events
};

std::span<const SchemaDoc> run_schemas();
std::span<const SchemaDoc> plan_schemas();
std::span<const SchemaDoc> identity_schemas();
std::span<const SchemaDoc> other_schemas();
std::span<const RouteDoc> route_docs();
// {name, in, schema, description} of a query parameter; throws std::logic_error if it is unknown.
Json query_parameter(std::string_view name);

// "name:type ..." as a JSON Schema; throws std::logic_error when it is not that.
Json schema_of(std::string_view fields);

// The whole document. Throws std::logic_error when routes and docs do not fit.
Json make_document(const std::vector<Route>& routes, std::string_view version);

}  // namespace pilot::api::openapi
