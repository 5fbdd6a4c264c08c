#include "base/random.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

namespace pilot {
namespace {

void fill_from_openssl(std::span<std::byte> out) {
  constexpr std::size_t kMost = 1u << 30;  // RAND_bytes counts in int
  while (!out.empty()) {
    const std::size_t n = std::min(out.size(), kMost);
    if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(n)) != 1) {
      throw std::runtime_error("the system's random generator does not work");
    }
    out = out.subspan(n);
  }
}

// One call of RAND_bytes costs about as much for 16 bytes as for hundreds.
class SystemRandom final : public Random {
 public:
  ~SystemRandom() override { OPENSSL_cleanse(block_.data(), block_.size()); }

  void fill(std::span<std::byte> out) override {
    if (out.empty()) return;  // its pointer may be null
    if (out.size() > block_.size() / 4) return fill_from_openssl(out);
    if (out.size() > block_.size() - used_) {
      fill_from_openssl(block_);
      used_ = 0;
    }
    std::memcpy(out.data(), block_.data() + used_, out.size());
    // What became a key must not stay here, too.
    OPENSSL_cleanse(block_.data() + used_, out.size());
    used_ += out.size();
  }

 private:
  std::array<std::byte, 4096> block_{};
  std::size_t used_ = block_.size();
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  void fill(std::span<std::byte> out) override {
    while (!out.empty()) {
      const std::uint64_t word = step();
      const std::size_t n = std::min(out.size(), sizeof word);
      std::memcpy(out.data(), &word, n);
      out = out.subspan(n);
    }
  }

 private:
  std::uint64_t step() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

}  // namespace

std::uint64_t Random::next() {
  std::uint64_t word = 0;
  fill(std::as_writable_bytes(std::span{&word, 1}));
  return word;
}

double Random::unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::unique_ptr<Random> make_system_random() { return std::make_unique<SystemRandom>(); }

std::unique_ptr<Random> make_seeded_random(std::uint64_t seed) {
  return std::make_unique<SeededRandom>(seed);
}

}  // namespace pilot
