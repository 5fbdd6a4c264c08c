// What parses as YAML is bounded, and writes to JSON that reads back to an equal value.
#include "base/yaml.h"

#include <cstdint>

#include "base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace pilot;
  const auto value = parse_yaml({reinterpret_cast<const char*>(bytes), size});
  if (!value) {
    PILOT_ASSERT(!value.error().code.empty() && is_valid_utf8(value.error().message));
    return 0;
  }
  const std::string text = to_json(*value);
  const auto back = parse_json(text, {.max_bytes = text.size()});
  PILOT_ASSERT(back.has_value() && *back == *value && to_json(*back) == text);
  return 0;
}
