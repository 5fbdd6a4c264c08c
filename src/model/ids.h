// The ids of Pilot's things, each its own type. Values; any thread.
#pragma once

#include "base/id.h"

namespace pilot {

using UserId = Id<struct UserTag>;
using PlanId = Id<struct PlanTag>;
using RunId = Id<struct RunTag>;
using ScheduleId = Id<struct ScheduleTag>;
using CustomIntegrationId = Id<struct CustomIntegrationTag>;

}  // namespace pilot
