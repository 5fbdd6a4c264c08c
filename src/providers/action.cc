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

TaskOutcome TaskOutcome::ok(Json output, std::string message) {
  return {ProviderResult::ok(std::move(output), std::move(message)), CallStage::answered};
}

TaskOutcome TaskOutcome::fail(StepError error, CallStage stage) {
  return {ProviderResult::fail(std::move(error)), stage};
}

TaskOutcome TaskOutcome::fail(const Error& error) {
  return fail(
      {.code = std::string(error.code_or_kind()),
       .message = error.pointer.empty() ? error.message
                                        : fmt::format("{} ({})", error.message, error.pointer),
       .retryable = error.kind == ErrorKind::unavailable},
      CallStage::not_sent);
}

TaskOutcome TaskOutcome::fail(const http::SendError& error) {
  return fail({.code = error.code, .message = error.message, .retryable = error.retryable},
              error.sent ? CallStage::sent : CallStage::not_sent);
}

}  // namespace pilot::providers
