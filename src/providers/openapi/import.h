// An OpenAPI 3.0 or 3.1 or Swagger 2 document into a provider manifest; docs/import.md says what is
// taken and what is not. Nothing is ever fetched: a $ref that leads out of the document is noted.
// Work, memory and the size of the result are bounded, whatever the document says. Pure; any
// thread, but a large document takes a second: not on a shard.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace pilot::providers::openapi {

struct ImportOptions {
  // Only the operations that one of these fits: by operationId, action name, tag, path, or "METHOD
  // /path"; * is any text, ? one character. Empty: all.
  std::vector<std::string> include = {};
  std::string name = {};        // the manifest's id; empty: from the title
  std::string source_url = {};  // where the document came from, for server URLs without a host
  std::string base = {};        // instead of the document's servers
  // Names of actions, by operationId or by the name that the import would give.
  std::map<std::string, std::string, std::less<>> rename = {};
};

// Something of the document that the manifest does not say, or says with less.
struct Note {
  std::string code;     // stable, snake_case
  std::string message;  // what, and why
  std::string pointer;  // JSON pointer to the first place
  std::size_t count = 1;
};

struct ImportedManifest {
  Json manifest;
  std::vector<Note> notes;
  std::size_t operations = 0;  // in the document
  std::size_t actions = 0;     // in the manifest
};

// JSON or YAML, by its first character. Codes: those of parse_json and parse_yaml.
Result<Json> read_openapi(std::string_view text);

// Codes: invalid_openapi, unsupported_version, no_operations, too_many_operations,
// import_too_large, import_too_complex, invalid_name, invalid_url, unknown_operation,
// duplicate_name. Pointers into the document.
Result<ImportedManifest> import_openapi(const Json& document, const ImportOptions& options = {});

// [{code, message, pointer, count}], for answers and for --json.
Json to_json_value(const std::vector<Note>& notes);

}  // namespace pilot::providers::openapi
