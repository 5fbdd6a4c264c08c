// Random bytes and numbers as something handed in; tests pass a seeded one and print the seed.
// One per shard or thread; not shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace pilot {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> out) = 0;
  std::uint64_t next();
  double unit();  // [0, 1)
};

// Fills from OpenSSL's generator in blocks; good enough for keys.
std::unique_ptr<Random> make_system_random();
// Deterministic (splitmix64); for tests and simulation only.
std::unique_ptr<Random> make_seeded_random(std::uint64_t seed);

}  // namespace pilot
