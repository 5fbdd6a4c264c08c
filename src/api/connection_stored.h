// What follows when the values of a connection have been stored anew: it is not marked any more,
// and the runs that waited for it go on. Called on a shard.
#pragma once

#include "api/services.h"

namespace pilot::api {

awaitable<Status> connection_stored(ApiPtr api, store::ConnectionKey key);

}  // namespace pilot::api
