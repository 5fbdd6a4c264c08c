// Fuzzes tokens, keys and key files. Properties: nothing is opened that the key did not seal; what
// is sealed opens, and no longer does with any one byte of it changed.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "vault/key_ring.h"

namespace {

using pilot::WallTime;
using pilot::vault::FernetKey;
using pilot::vault::KeyRing;

const FernetKey& fixed_key() {
  static const auto random = pilot::make_seeded_random(1);
  static const FernetKey key = FernetKey::generate(*random);
  return key;
}

void check_round_trip(std::string_view text, std::size_t choice) {
  constexpr std::string_view kIv = "0123456789abcdef";
  std::string token = fixed_key().encrypt_with_iv(text, WallTime{}, kIv);
  const auto opened = fixed_key().decrypt(token);
  PILOT_ASSERT(opened && opened->reveal() == text);
  char& letter = token[choice % token.size()];
  letter = static_cast<char>(letter ^ static_cast<char>(1 + choice % 255));
  PILOT_ASSERT(!fixed_key().decrypt(token));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  // A mac of 256 bits cannot be guessed: whatever opens is a fault.
  PILOT_ASSERT(!fixed_key().decrypt(text));
  PILOT_ASSERT(!fixed_key().decrypt(text, std::chrono::seconds{60}, WallTime{}));
  if (const auto key = FernetKey::parse(text)) {
    PILOT_ASSERT(FernetKey::parse(key->to_text().reveal()));
  }
  if (const auto ring = KeyRing::parse(text)) PILOT_ASSERT(ring->size() > 0);
  std::size_t choice = size;
  for (const char letter : text.substr(0, 8))
    choice = choice * 31 + static_cast<std::uint8_t>(letter);
  check_round_trip(text, choice);
  return 0;
}
