// The functions of an action, for the registry (see load_parts.h).
#include "providers/manifest/build.h"
#include "providers/manifest/load_parts.h"
#include "providers/manifest/pages.h"
#include "providers/manifest/read.h"

namespace pilot::providers::manifest {

HttpAction http_action(const ActionPtr& spec) {
  HttpAction out;
  out.build = [spec](const Call& call) {
    return build_request(*spec, call, first_page(*spec, call));
  };
  out.read = [spec](const Call& call, const http::Response& response) {
    return read_answer(*spec, call, response);
  };
  if (spec->lists()) {
    out.converse = [spec](const Call& call) { return list_pages(spec, call); };
  }
  const bool signs_in = std::ranges::any_of(
      spec->manner.schemes, [](const auto& scheme) { return scheme->sign_in() != nullptr; });
  if (signs_in) {
    out.sign_in = [spec](const Connection& connection) { return sign_in_of(*spec, connection); };
  }
  return out;
}

}  // namespace pilot::providers::manifest
