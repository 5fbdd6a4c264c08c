// From the params of a call to the request that is sent. Pure; any thread.
//
// Codes: missing_credentials, invalid_connection, missing_param, invalid_value, invalid_url,
// program_failed (of `send`), and what jq and the schemes say.
#pragma once

#include "providers/manifest/scheme.h"

namespace pilot::providers::manifest {

// Where in a list the next page stands: more params, or another URL.
struct PageMark {
  std::string url;  // empty: the action's own
  std::vector<std::pair<std::string, Json>> query;
  std::vector<std::pair<std::string, Json>> body;
};

Result<http::Request> build_request(const ActionSpec& spec, const Call& call,
                                    const PageMark& mark = {});

// The sign-in that the call's connection needs first; null: none.
const SignIn* sign_in_of(const ActionSpec& spec, const Connection& connection);

}  // namespace pilot::providers::manifest
