// Lists: pages are asked for one after the other, and only their items are kept. On the call's
// shard.
#pragma once

#include "providers/manifest/build.h"

namespace pilot::providers::manifest {

// The first request of a list action has its page size, too.
PageMark first_page(const ActionSpec& spec, const Call& call);

std::unique_ptr<Conversation> list_pages(ActionPtr spec, const Call& call);

}  // namespace pilot::providers::manifest
