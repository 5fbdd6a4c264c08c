// PILOT_ASSERT: a programmer's error; on in release builds too. For the world, return an Error.
#pragma once

namespace pilot {
[[noreturn]] void assert_failed(const char* condition, const char* file, int line);
}  // namespace pilot

#define PILOT_ASSERT(condition) \
  ((condition) ? (void)0 : ::pilot::assert_failed(#condition, __FILE__, __LINE__))
