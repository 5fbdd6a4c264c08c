// How often one connection may call. A value.
#pragma once

#include <chrono>

namespace pilot::providers {

// As the vendor publishes it.
struct RateLimit {
  unsigned calls = 0;
  std::chrono::seconds per{1};
  unsigned burst = 0;        // this many at once; 0: as `calls`
  unsigned concurrency = 0;  // 0: any
};

}  // namespace pilot::providers
