// A time zone inside cron/: a name and Abseil's handle to the rules. Immutable.
#pragma once

#include <absl/time/time.h>

#include <string>

#include "cron/cron.h"

namespace pilot::cron {

class Zone {
 public:
  Zone(std::string name, absl::TimeZone rules) : name_(std::move(name)), rules_(rules) {}
  const std::string& name() const { return name_; }
  const absl::TimeZone& rules() const { return rules_; }

 private:
  std::string name_;
  absl::TimeZone rules_;
};

}  // namespace pilot::cron
