// A user's own provider: its base URL, how it is signed in, and its actions, as the old service's
// tables have them; or a whole manifest, as the import of an OpenAPI document makes it. Plain
// values; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "model/ids.h"

namespace pilot {

struct CustomAction {
  std::string id;
  std::string action_id;    // its name in a step
  std::string action_name;  // for people
  std::string description;
  std::string http_method = "GET";
  std::string endpoint;  // a path with {param}s, or an absolute URL
  Json parameters;       // JSON Schema of an object, or the old service's list; null: none
  WallTime created_at;
  WallTime updated_at;
};

struct CustomIntegration {
  UserId user;
  CustomIntegrationId id;
  std::string name;  // in a step; of one user there is one
  std::string display_name;
  std::string description;
  std::string auth_type = "api_key";  // or oauth
  std::string base_url;
  std::string auth_header;                 // empty: Authorization
  std::optional<std::string> auth_prefix;  // none: Bearer; empty: the bare value
  Json oauth_config;                       // null: none
  bool is_active = true;
  std::string created_by;
  std::string updated_by;
  WallTime created_at;
  WallTime updated_at;
  Json manifest;  // null: it is made of the fields above (providers/custom_manifest.h)
  Json summary;   // what lists show of it (providers/custom_summary.h); null: not made yet
  std::vector<CustomAction> actions;  // in the order of action_id; none beside a manifest
};

}  // namespace pilot
