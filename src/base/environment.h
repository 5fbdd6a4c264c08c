// Takes a secret out of the environment: afterwards it is in no getenv, no child and no
// /proc/PID/environ. Main thread, before there is another one (the environment has no lock).
#pragma once

#include <optional>
#include <string_view>

#include "base/secret.h"

namespace pilot {

// None when there is no such variable. Its bytes are overwritten where the kernel put them.
std::optional<Secret> take_from_environment(std::string_view name);

}  // namespace pilot
