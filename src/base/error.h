// What can go wrong in the world, as a value. Bugs are exceptions or asserts, never an Error.
//
// `kind` is what a caller reacts to (closed list), `code` is the stable word that API clients and
// scripts see (`unknown_provider`), `message` is for people: what, where, what to do. Neither may
// hold a secret. Plain value, any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace pilot {

enum class ErrorKind {
  invalid_argument,   // the input is wrong; it will be wrong again
  not_found,          // not there, or not yours
  unauthenticated,    // who are you?
  permission_denied,  // I know you, and no
  conflict,           // clashes with the present state
  too_large,          // over a limit of model/limits.h
  rate_limited,       // too often; later it may work
  unavailable,        // overloaded, shutting down, database away; later it may work
  timeout,
  cancelled,
  internal,  // our fault
};

std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string code;     // stable, snake_case; empty means to_string(kind)
  std::string message;  // one sentence or two, for people
  std::string pointer;  // JSON pointer (RFC 6901) into the input, or "line 3"; may be empty
  std::optional<std::chrono::seconds> retry_after = std::nullopt;

  std::string_view code_or_kind() const { return code.empty() ? to_string(kind) : code; }

  // The same error with words of context in front: `load plan 7: no such plan`.
  Error prefixed(std::string_view context) const;
};

Error invalid(std::string code, std::string message, std::string pointer = {});
Error not_found(std::string message);
Error conflict(std::string code, std::string message);
Error too_large(std::string code, std::string message, std::string pointer = {});
Error unavailable(std::string code, std::string message,
                  std::chrono::seconds retry_after = std::chrono::seconds{1});
Error internal_error(std::string message);

}  // namespace pilot
