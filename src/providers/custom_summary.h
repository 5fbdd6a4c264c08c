// What lists show of a custom integration: made when it is saved and kept beside it, so that no
// list reads its document. Pure; any thread, but it loads the whole manifest: a large one not on a
// shard.
#pragma once

#include "model/custom_integration.h"

namespace pilot::providers {

// {version, of, auth: [{type, title, secret, required, description?}], oauth2, names: [name],
// actions: [{action_id, action_name, description?, http_method, endpoint}]}. `actions` are those of
// a document (those of one by hand are rows); empty: there is no room for them.
Json custom_summary(const CustomIntegration& integration);

// It has one, of what it is now. An older program changes integrations without it.
bool has_summary(const CustomIntegration& integration);

// The actions of a document as its summary has them, in the form of those by hand.
std::vector<CustomAction> summarised_actions(const CustomIntegration& integration);

}  // namespace pilot::providers
