// Plans and inputs as people hand them to commands: files, stdin ("-"), JSON or YAML. Main thread.
#pragma once

#include <string>

#include "base/json.h"

namespace pilot::app {

// Codes: file_unreadable, file_too_large, and those of parse_json / parse_yaml; messages name the
// file.
Result<Json> read_document(const std::string& path);
Result<std::string> read_text(const std::string& path, std::size_t max_bytes);

// --input name=value (value is JSON when it parses, else text) and --inputs '{...}' together.
Result<Json> read_inputs(const std::string& json, const std::vector<std::string>& pairs);

}  // namespace pilot::app
