// Whatever the document is: an import ends, and what it gives is a manifest that a loader takes.
// Twice the same; never past its limits.
#include <cstdint>

#include "base/assert.h"
#include "providers/openapi/import.h"
#include "providers/openapi/manifest_check_for_test.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace pilot;
  using namespace pilot::providers::openapi;
  if (size > 20'000) return 0;
  const auto document = read_openapi({reinterpret_cast<const char*>(bytes), size});
  if (!document) {
    PILOT_ASSERT(!document.error().code.empty());
    return 0;
  }
  const auto imported = import_openapi(*document, {.source_url = "https://api.example.com/doc"});
  if (!imported) {
    PILOT_ASSERT(!imported.error().code.empty() && is_valid_utf8(imported.error().message));
    return 0;
  }
  const auto faults = ManifestCheck::faults(imported->manifest);
  PILOT_ASSERT(faults.empty());
  PILOT_ASSERT(imported->actions <= imported->operations);
  PILOT_ASSERT(import_openapi(*document, {.source_url = "https://api.example.com/doc"})->manifest ==
               imported->manifest);
  return 0;
}
