#include "model/principal.h"

namespace pilot {

std::string_view to_string(Principal::Kind kind) {
  switch (kind) {
    case Principal::Kind::nobody:
      return "nobody";
    case Principal::Kind::loopback:
      return "loopback";
    case Principal::Kind::node:
      return "operator";
    case Principal::Kind::key:
      return "key";
    case Principal::Kind::session:
      return "session";
  }
  return "nobody";
}

}  // namespace pilot
