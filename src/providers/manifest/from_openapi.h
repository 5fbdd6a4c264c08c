// `openapi` of a manifest: actions that a vendor's OpenAPI document describes, so that the manifest
// says only what the document does not (docs/providers.md). The document lies in a file; nothing is
// fetched. Any thread, but reads a file: not on a shard.
#pragma once

#include <filesystem>

#include "base/json.h"

namespace pilot::providers::manifest {

// The manifest with those actions under its own, and without `openapi`; as it is when it has none.
// `directory` is where the manifest lies: the document lies there, or below. Error pointers lead
// into the manifest. Codes: wrong_type, unknown_key, missing_key, unreadable, document_too_large,
// unknown_operation, duplicate_name, and those of import_openapi.
Result<Json> with_openapi(const Json& manifest, const std::filesystem::path& directory);

}  // namespace pilot::providers::manifest
