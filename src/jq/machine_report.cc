// How a run that failed is told: what ended it, where, and what to do.
#include "jq/machine.h"
#include "jq/parser.h"
#include "model/limits.h"

namespace pilot::jq {

Error Machine::error_now() const {
  const auto say = [&](std::uint32_t at, const std::string& message) {
    return place_in(program_.text, at) + ": " + message;
  };
  const std::uint32_t here = program_.code[pc_ == 0 ? 0 : pc_ - 1].at;
  const std::string memory = std::to_string(budget_.memory_bytes >> 20) +
                             " MiB; filter earlier, or work on less at a time";
  switch (meter_.spent()) {
    case Spent::nothing:
      break;
    case Spent::steps:
      return {ErrorKind::timeout, "expression_timeout",
              say(here, "the program took more than " + std::to_string(budget_.steps) +
                            " steps; is there a loop that does not end?"),
              place_in(program_.text, here)};
    case Spent::time:
      return {ErrorKind::timeout, "expression_timeout",
              say(here, "the program took longer than " + std::to_string(budget_.time.count()) +
                            " ms; is there a loop that does not end?"),
              place_in(program_.text, here)};
    case Spent::memory:
      return too_large("expression_too_large", say(here, "the program needs more than " + memory),
                       place_in(program_.text, here));
    case Spent::depth:
      return too_large("expression_too_large",
                       say(here, "a value is nested too deep; the limit is " +
                                     std::to_string(limits::kJsonDepth) + " levels for an output"),
                       place_in(program_.text, here));
    case Spent::outputs:
      return too_large("expression_too_large",
                       say(here, "more than " + std::to_string(budget_.outputs) + " outputs"),
                       place_in(program_.text, here));
    case Spent::output_bytes:
      return too_large("expression_too_large",
                       say(here, "the outputs are larger than " +
                                     std::to_string(budget_.output_bytes) + " bytes"),
                       place_in(program_.text, here));
  }
  std::string message;
  if (uncaught_->is_string()) {
    message = uncaught_->as_text();
  } else {
    message = to_text_prefix(*uncaught_, 2'000) + " (not a string)";
  }
  Error error = invalid("program_failed", say(at_, std::string(utf8_prefix(message, 2'000))));
  error.pointer = place_in(program_.text, at_);
  return error;
}

}  // namespace pilot::jq
