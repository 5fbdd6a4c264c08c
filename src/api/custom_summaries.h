// The summaries of custom integrations (providers/custom_summary.h) where lists need them. Called
// on a shard.
#pragma once

#include "api/services.h"

namespace pilot::api {

// Gives it that of what it is now; it is stored with it.
awaitable<CustomIntegration> summarised(ApiPtr api, CustomIntegration integration);

// For those of a list that have none: of a row that was taken over, or that an older program wrote.
// It is made once and stored; what cannot be read or stored now is left for the next time.
awaitable<void> add_summaries(ApiPtr api, std::vector<CustomIntegration>& listed);

// As providers::provider_brief() shows the provider that it is.
Json own_provider_brief(const CustomIntegration& integration, bool name_is_taken);

}  // namespace pilot::api
