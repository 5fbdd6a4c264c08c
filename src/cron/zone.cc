// find_zone: only names that the system's tzdata has. Names come from users and become the name of
// a file, so their form is checked first, and a name without a file never reaches Abseil, which
// would remember it for ever.
#include "cron/zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/nearest.h"
#include "cron/names.h"
#include "cron/parse_field.h"

namespace pilot::cron {
namespace {

constexpr std::size_t kLongestName = 64;  // the longest today has 32
constexpr std::string_view kUtc = "UTC";

// Where Abseil looks.
std::filesystem::path zone_folder() {
  const char* chosen = std::getenv("TZDIR");
  return chosen != nullptr && *chosen != '\0' ? chosen : "/usr/share/zoneinfo";
}

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// Parts of letters, digits, "_", "-" and "+" with "/" between; each begins with a letter.
bool is_well_formed(std::string_view name) {
  if (name.empty() || name.size() > kLongestName) return false;
  char before = '/';
  for (const char c : name) {
    const bool inside = (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+' || c == '/';
    if (before == '/' ? !is_letter(c) : !is_letter(c) && !inside) return false;
    before = c;
  }
  return before != '/';
}

// Files beside the zones: the machine's own choice, and copies with other rules.
bool is_zone_name(std::string_view name) {
  return is_well_formed(name) && name[0] >= 'A' && name[0] <= 'Z' && name != "Factory";
}

// Only for a message: reads the whole folder.
std::vector<std::string> zone_names() {
  namespace fs = std::filesystem;
  const fs::path folder = zone_folder();
  std::vector<std::string> names{std::string(kUtc)};
  std::error_code failed;
  for (auto it = fs::recursive_directory_iterator(folder, failed);
       !failed && it != fs::recursive_directory_iterator(); it.increment(failed)) {
    const std::string name = it->path().lexically_relative(folder).string();
    std::error_code ignored;
    if (!is_zone_name(name)) {
      it.disable_recursion_pending();
    } else if (it->is_regular_file(ignored)) {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// "berlin" means Europe/Berlin more than anything that is near by its letters.
std::string suggestion(std::string_view name) {
  const std::vector<std::string> names = zone_names();
  if (names.size() <= 1) return "; the system has no time zones: install tzdata";
  std::string city = lower(name);
  std::replace(city.begin(), city.end(), ' ', '_');
  for (const bool whole : {true, false}) {
    for (const std::string& known : names) {
      if (whole && known.size() != city.size()) continue;
      if (("/" + lower(known)).ends_with("/" + city)) {
        return fmt::format(" (did you mean \"{}\"?)", known);
      }
    }
  }
  const bool abbreviation = name.size() < 6 && name.find('/') == name.npos;
  return abbreviation ? "" : did_you_mean(name, names);
}

}  // namespace

std::string_view name(const Zone& zone) { return zone.name(); }

Result<std::shared_ptr<const Zone>> find_zone(std::string_view name) {
  std::string text(name);
  if (name == kUtc) return std::make_shared<const Zone>(std::move(text), absl::UTCTimeZone());
  absl::TimeZone rules;
  std::error_code ignored;
  if (is_zone_name(name) && std::filesystem::is_regular_file(zone_folder() / text, ignored) &&
      absl::LoadTimeZone(text, &rules)) {
    return std::make_shared<const Zone>(std::move(text), rules);
  }
  return invalid("unknown_timezone",
                 fmt::format("there is no time zone {}{}; write a region and a city, like "
                             "Europe/Berlin, or UTC",
                             shown(name), suggestion(name.substr(0, kLongestName))));
}

}  // namespace pilot::cron
