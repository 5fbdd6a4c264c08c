#include "app/heap.h"

#include <malloc.h>

#include <algorithm>
#include <thread>

namespace pilot::app {

void bound_heap(unsigned shards) {
#ifdef __GLIBC__
  const unsigned count = shards != 0 ? shards : std::thread::hardware_concurrency();
  ::mallopt(M_ARENA_MAX, static_cast<int>(std::clamp(count, 2u, 1'024u)));
#else
  (void)shards;
#endif
}

}  // namespace pilot::app
