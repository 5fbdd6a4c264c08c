// What the errors of the layers below are to a step. Pure.
#pragma once

#include <fmt/format.h>

#include "http/message.h"
#include "model/outcome.h"
#include "store/oauth_store.h"

namespace pilot::engine {

inline StepError to_step_error(const Error& error) {
  StepError out{.code = std::string(error.code_or_kind()),
                .message = error.pointer.empty()
                               ? error.message
                               : fmt::format("{} ({})", error.message, error.pointer),
                .retryable = error.kind == ErrorKind::unavailable};
  if (error.retry_after) out.retry_after = *error.retry_after;
  return out;
}

inline StepError to_step_error(const http::SendError& error) {
  StepError out{.code = error.code, .message = error.message, .retryable = error.retryable};
  if (out.code == "response_too_large") out.code = "output_too_large";
  return out;
}

// Whom to ask to connect what anew, for whoever looks at the attempt or listens to the run.
inline void add_reauth(StepError& error, const store::ConnectionKey& key, std::string_view reason) {
  if (!error.details.is_object()) error.details = JsonObject{};
  error.details.get_object()["needs_reauth"] =
      JsonObject{{"provider", key.provider}, {"connection", key.connection}, {"reason", reason}};
}

}  // namespace pilot::engine
