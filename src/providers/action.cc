// What actions share: connections' values, schemas from text, the error of a missing field. Pure;
// any thread.
#include "providers/action.h"

#include <stdexcept>

namespace pilot::providers {

std::optional<std::string_view> Connection::value(std::string_view type) const {
  const auto found = values.find(type);
  if (found == values.end() || found->second.empty()) return std::nullopt;
  return found->second.reveal();
}

Json params_schema(std::string_view json) {
  Result<Json> schema = parse_json(json);
  if (!schema) throw std::logic_error("params schema is no JSON: " + schema.error().message);
  return std::move(*schema);
}

Error missing_credentials(std::string_view provider, std::string_view type) {
  return invalid(
      "missing_credentials",
      fmt::format("{0} needs {1}: set it with `pilot credentials set {0} {1}`", provider, type));
}

}  // namespace pilot::providers
