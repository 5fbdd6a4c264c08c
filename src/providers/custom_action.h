// One action of a custom integration, as the old service's table has it, in the manifest format.
// Part of custom_manifest.cc. Pure; any thread.
#pragma once

#include <optional>

#include "model/custom_integration.h"
#include "model/problem.h"

namespace pilot::providers {

// What is wrong with it; its pointer is the name of a member.
std::optional<Problem> check_action(const CustomAction& action, std::string_view base_url);

// Only for one that check_action() takes.
JsonObject action_of(const CustomAction& action, std::string_view base_url);

}  // namespace pilot::providers
