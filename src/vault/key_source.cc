#include "vault/key_source.h"

#include <utility>

#include "base/environment.h"

namespace pilot::vault {

namespace {

constexpr std::string_view kSeveral = "PILOT_ENCRYPTION_KEYS";
constexpr std::string_view kOne = "PILOT_ENCRYPTION_KEY";

}  // namespace

Result<KeySource> take_key_source() {
  std::optional<Secret> several = take_from_environment(kSeveral);
  std::optional<Secret> one = take_from_environment(kOne);
  if (several && several->empty()) several.reset();  // as compose files write what is not set
  if (one && one->empty()) one.reset();
  if (several && one) {
    return invalid("two_key_variables",
                   "PILOT_ENCRYPTION_KEYS and PILOT_ENCRYPTION_KEY are both set; put the second's "
                   "key at the end of the first, and take the second away");
  }
  KeySource source;
  if (!several && !one) return source;
  source.variable = several ? kSeveral : kOne;
  source.text = std::make_shared<const Secret>(std::move(several ? *several : *one));
  return source;
}

Result<KeyRing> read_keys(const KeySource& source) {
  if (source.is_file()) return KeyRing::read(source.file);
  Result<KeyRing> ring = KeyRing::parse_list(source.text->reveal());
  if (!ring) return ring.error().prefixed(source.variable);
  if (source.variable == kOne && ring->size() > 1) {
    return invalid("invalid_key",
                   "PILOT_ENCRYPTION_KEY holds one key; several go into "
                   "PILOT_ENCRYPTION_KEYS");
  }
  return ring;
}

}  // namespace pilot::vault
