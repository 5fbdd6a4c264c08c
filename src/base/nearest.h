// "Did you mean": the nearest of some names by edit distance, for error messages.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pilot {

// None when nothing is near enough (about a third of the letters wrong).
std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& names);
// " (did you mean \"slack\"?)" or ""
std::string did_you_mean(std::string_view name, const std::vector<std::string>& names);

}  // namespace pilot
