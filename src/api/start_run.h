// From what a request says to what the engine starts: the plan found or compiled, its errors as the
// client should see them. Shared by /api/execute and /api/runs.
#pragma once

#include "api/codec_run.h"
#include "api/services.h"

namespace pilot::api {

// Exactly one of the two is set.
struct Prepared {
  std::optional<engine::StartRun> start;
  std::optional<Response> refusal;
};
awaitable<Prepared> prepare_run(ApiPtr api, Request& request, RunInput input);

}  // namespace pilot::api
