// What parses, writes and parses again to an equal value and the same text.
#include <cstdint>

#include "base/assert.h"
#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace pilot;
  const auto first = parse_json({reinterpret_cast<const char*>(bytes), size});
  if (!first) {
    PILOT_ASSERT(!first.error().code.empty() && is_valid_utf8(first.error().message));
    return 0;
  }
  const std::string text = to_json(*first);
  PILOT_ASSERT(json_size(*first) == text.size());
  const auto second = parse_json(text, {.max_bytes = text.size()});
  PILOT_ASSERT(second.has_value() && *second == *first && to_json(*second) == text);
  const std::string pretty = to_pretty_json(*first);
  const auto third = parse_json(pretty, {.max_bytes = pretty.size()});
  PILOT_ASSERT(third.has_value() && to_json(*third) == text);
  return 0;
}
