// Reads the members of one object of a plan document; each that is wrong becomes a problem with its
// pointer. A member that is null counts as absent. Internal to load*.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "plan/findings.h"

namespace pilot::plan {

// A name that somebody wrote, for messages: quoted, escaped, not longer than it must be.
std::string quoted(std::string_view name);
// did_you_mean, but not for texts so long that no name can be meant.
std::string suggestion(std::string_view name, const std::vector<std::string>& names);

class Fields {
 public:
  Fields(const JsonObject& object, std::string pointer, Findings& findings)
      : object_(object), pointer_(std::move(pointer)), findings_(findings) {}

  const Json* get(std::string_view key) const;
  bool has(std::string_view key) const { return get(key) != nullptr; }
  bool says(std::string_view key) const;  // has, and it is not ""
  const JsonObject& members() const { return object_; }
  std::string at(std::string_view key) const { return pointer_join(pointer_, key); }
  const std::string& pointer() const { return pointer_; }
  Findings& findings() { return findings_; }

  // Problems: wrong_type; plan_too_large, invalid_value when out of bounds.
  std::optional<std::string> text(std::string_view key, std::size_t most_characters);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
  std::optional<Millis> duration(std::string_view key, Millis least, Millis most);
  std::optional<bool> boolean(std::string_view key);
  const JsonObject* object(std::string_view key);
  const JsonArray* list(std::string_view key);

  // The value of the one of two names that is there (the second is the old one); a problem when
  // both are and they differ. `name` becomes the one to point at.
  const Json* either(std::string_view key, std::string_view old_key, std::string_view& name);

  void refuse_unknown(std::span<const std::string_view> known,
                      std::span<const std::string_view> dropped);
  void wrong_type(std::string_view key, std::string_view wanted);
  void problem(std::string_view key, std::string_view code, std::string message);

 private:
  const JsonObject& object_;
  std::string pointer_;
  Findings& findings_;
};

}  // namespace pilot::plan
