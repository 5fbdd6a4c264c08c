// Documents in tests: YAML text in, manifest out, checked for what holds for every manifest.
#pragma once

#include <gmock/gmock.h>

#include "providers/openapi/import.h"
#include "providers/openapi/manifest_check_for_test.h"

namespace pilot::providers::openapi {

inline ImportedManifest import_text(std::string_view text, const ImportOptions& options = {}) {
  const Result<Json> document = read_openapi(text);
  EXPECT_TRUE(document) << (document ? "" : document.error().message);
  if (!document) return {};
  Result<ImportedManifest> imported = import_openapi(*document, options);
  EXPECT_TRUE(imported) << (imported ? "" : imported.error().message);
  if (!imported) return {};
  EXPECT_THAT(ManifestCheck::faults(imported->manifest), testing::IsEmpty());
  return std::move(*imported);
}

// The one code that a document is refused with.
inline std::string refusal(std::string_view text, const ImportOptions& options = {}) {
  const Result<Json> document = read_openapi(text);
  if (!document) return document.error().code;
  const Result<ImportedManifest> imported = import_openapi(*document, options);
  return imported ? "" : imported.error().code;
}

// An OpenAPI 3.0 document with this under `paths` (and what else stands at the left margin).
inline std::string with_paths(std::string_view rest) {
  return "openapi: 3.0.3\ninfo: {title: Test API, version: '1'}\n"
         "servers: [{url: https://api.example.com/v1}]\n" +
         std::string(rest);
}

// A part of the manifest by its JSON pointer, as JSON; "" when there is none.
inline std::string part(const ImportedManifest& imported, std::string_view pointer) {
  boost::system::error_code none;
  const Json* found = imported.manifest.find_pointer(pointer, none);
  return found == nullptr ? "" : to_json(*found);
}

inline std::vector<std::string> note_codes(const ImportedManifest& imported) {
  std::vector<std::string> codes;
  for (const Note& note : imported.notes) codes.push_back(note.code);
  return codes;
}

}  // namespace pilot::providers::openapi
