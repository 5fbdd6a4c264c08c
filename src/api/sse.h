// GET /api/runs/{id}/events: what happens to a run, as server-sent events. First what the store has
// after Last-Event-ID, then live; no gap, no repeat. Ends after the run's terminal event.
#pragma once

#include "api/services.h"

namespace pilot::api {

// `id:` is the revision, `event:` attempt or run, `data:` one line of JSON. A client that lets more
// than limits::kSseQueue wait unread is dropped and may come back with its Last-Event-ID. A
// finished run of which nothing is left to tell is answered with 204 (browsers then stop asking).
awaitable<Response> run_events(ApiPtr api, Request& request);

}  // namespace pilot::api
