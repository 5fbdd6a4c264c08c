#include "providers/manifest/field_params.h"

#include <algorithm>

#include "providers/manifest/scheme.h"

namespace pilot::providers::manifest {

bool takes_fields(const ActionSpec& spec) {
  return std::ranges::any_of(spec.params, [](const Param& param) { return !param.field.empty(); });
}

Result<Json> with_fields(const ActionSpec& spec, const Call& call) {
  JsonObject params = call.params.is_object() ? call.params.get_object() : JsonObject{};
  const Fields fields(*spec.provider, call.connection);
  for (const Param& param : spec.params) {
    if (param.field.empty() || params.contains(param.name)) continue;
    if (!fields.find(param.field)) {
      if (!param.needed) continue;
      return invalid("missing_param",
                     fmt::format("{} is missing: give it in the step, or set {} of the connection",
                                 param.name, param.field),
                     pointer_join("", param.name));
    }
    const auto value = fields.get(param.field);
    if (!value) return value.error();
    const Result<Json> number = param.number ? parse_json(*value) : Json(*value);
    if (!number) {
      return invalid("invalid_connection",
                     fmt::format("the connection's {} must be a number", param.field));
    }
    params[param.name] = *number;
  }
  return Json(std::move(params));
}

}  // namespace pilot::providers::manifest
