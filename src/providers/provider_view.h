// A provider as people and programs see it: what the API, the command line and (later) the UI and
// MCP show. Pure; any thread.
#pragma once

#include "providers/registry.h"

namespace pilot::providers {

// {name, title, kind, category, auth: [type], actions: [name]}
Json provider_brief(const Provider& provider);

// All of it: which credentials to get and where, the actions with their params, effect and an
// example step for each.
Json provider_page(const Provider& provider);

// [{type, title, secret, required, description?}]: what its connections are made of.
JsonArray auth_json(const Provider& provider);

// The step that an action's example makes; null without one.
Json example_step(const Provider& provider, const Action& action);

}  // namespace pilot::providers
