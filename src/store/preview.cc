#include "store/preview.h"

#include "model/limits.h"

namespace pilot::store {

std::string output_preview(const Json& output) {
  if (output.is_null()) return {};
  if (const auto* text = output.if_string()) {
    return std::string(utf8_prefix_characters(as_view(*text), limits::kPreviewCharacters));
  }
  return std::string(utf8_prefix_characters(to_json(output), limits::kPreviewCharacters));
}

}  // namespace pilot::store
