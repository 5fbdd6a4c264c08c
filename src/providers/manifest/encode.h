// Bodies and queries from JSON values, as vendors want them written. Pure; any thread.
#pragma once

#include "http/body.h"
#include "http/message.h"
#include "http/url.h"
#include "providers/manifest/spec.h"

namespace pilot::providers::manifest {

// {a: {b: 1}, c: [1, 2]} as pairs: a[b]=1, and c[]=1&c[]=2, c=1&c=2, c=1,2 or c[0]=1&c[1]=2.
void append_pairs(http::Pairs& out, std::string name, const Json& value, ArrayStyle style);

// {order: {"@id": "5", line: ["a", "b"]}} as <order id="5"><line>a</line><line>b</line></order>;
// "#text" is an element's text. One root. Code invalid_value.
Result<std::string> to_xml(const Json& value);

// A file param: text, {name, type, content} or {name, type, content_base64}. Code invalid_value.
struct FileValue {
  std::string name;
  std::string type;
  std::string bytes;
};
Result<FileValue> read_file_value(const Json& value, const std::string& pointer);

// Writes `body` into the request as the action says.
Status write_body(http::Request& request, const ActionSpec& spec, const Json& body);

}  // namespace pilot::providers::manifest
