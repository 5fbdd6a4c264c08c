#include "model/plan.h"

namespace pilot {

std::string_view to_string(EffectClass effect) {
  switch (effect) {
    case EffectClass::pure:
      return "pure";
    case EffectClass::read:
      return "read";
    case EffectClass::idempotent:
      return "idempotent";
    case EffectClass::keyed:
      return "keyed";
    case EffectClass::unsafe:
      return "unsafe";
  }
  return "unsafe";
}

}  // namespace pilot
