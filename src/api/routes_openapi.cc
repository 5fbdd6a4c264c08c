// /api/openapi.json: the same for everybody, so it is written once, when all routes are there.
#include "api/openapi/openapi.h"
#include "api/services.h"

namespace pilot::api {
namespace {

awaitable<Response> answer(std::shared_ptr<const Response> document) { co_return *document; }

}  // namespace

void register_openapi(Router& router, const ApiPtr& api) {
  const auto document = std::make_shared<Response>();
  router.add({Method::get, "/api/openapi.json", std::nullopt, "openapi",
              "This description of the API (OpenAPI 3.1)", true},
             [document](Request&) { return answer(document); });
  *document = json_response(openapi::make_document(router.routes(), api->services.version));
}

}  // namespace pilot::api
