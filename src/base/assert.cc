#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace pilot {

// stderr directly: the log may be what is broken.
void assert_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace pilot
