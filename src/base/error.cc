#include "base/error.h"

namespace pilot {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_argument:
      return "invalid_argument";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::unauthenticated:
      return "unauthenticated";
    case ErrorKind::permission_denied:
      return "permission_denied";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::too_large:
      return "too_large";
    case ErrorKind::rate_limited:
      return "rate_limited";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

Error Error::prefixed(std::string_view context) const {
  Error copy = *this;
  copy.message = std::string(context) + ": " + message;
  return copy;
}

Error invalid(std::string code, std::string message, std::string pointer) {
  return {ErrorKind::invalid_argument, std::move(code), std::move(message), std::move(pointer)};
}

Error not_found(std::string message) {
  return {ErrorKind::not_found, "not_found", std::move(message), {}};
}

Error conflict(std::string code, std::string message) {
  return {ErrorKind::conflict, std::move(code), std::move(message), {}};
}

Error too_large(std::string code, std::string message, std::string pointer) {
  return {ErrorKind::too_large, std::move(code), std::move(message), std::move(pointer)};
}

Error unavailable(std::string code, std::string message, std::chrono::seconds retry_after) {
  return {ErrorKind::unavailable, std::move(code), std::move(message), {}, retry_after};
}

Error internal_error(std::string message) {
  return {ErrorKind::internal, "internal", std::move(message), {}};
}

}  // namespace pilot
