#include "base/environment.h"

#include <cstdlib>
#include <cstring>
#include <string>

extern char** environ;  // NOLINT: POSIX

namespace pilot {

std::optional<Secret> take_from_environment(std::string_view name) {
  std::optional<Secret> found;
  const std::string prefix = std::string(name) + "=";
  // The block itself, not getenv: a name that stands in it twice is wiped twice.
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with(prefix)) continue;
    char* value = *entry + prefix.size();
    if (!found) found.emplace(std::string(value));
    ::explicit_bzero(value, std::strlen(value));
  }
  if (found) ::unsetenv(std::string(name).c_str());
  return found;
}

}  // namespace pilot
