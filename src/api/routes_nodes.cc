// The processes that serve this database, for the operator.
#include "api/body.h"
#include "api/problem.h"
#include "api/services.h"

namespace pilot::api {
namespace {

JsonArray words(std::string_view roles) {
  JsonArray all;
  while (!roles.empty()) {
    const std::size_t comma = roles.find(',');
    all.push_back(text(roles.substr(0, comma)));
    roles = comma == std::string_view::npos ? std::string_view{} : roles.substr(comma + 1);
  }
  return all;
}

Json node_json(const store::NodeInfo& node) {
  return JsonObject{{"id", text(node.lease.id)},
                    {"name", text(node.lease.name)},
                    {"roles", words(node.lease.roles)},
                    {"version", text(node.lease.version)},
                    {"started_at", text(to_rfc3339(node.started_at))},
                    {"heartbeat_at", text(to_rfc3339(node.heartbeat_at))},
                    {"lease_ms", node.left.count()},
                    {"alive", node.left > Millis{0}},
                    {"draining", node.lease.draining},
                    {"runs", node.runs}};
}

awaitable<Response> list(ApiPtr api, Request& request) {
  if (!request.caller.is_operator()) {
    co_return problem(
        Error{ErrorKind::permission_denied,
              "not_operator",
              "the nodes are for whoever runs this server: use the command line there",
              {}});
  }
  const auto nodes = co_await api->services.store.list_nodes();
  if (!nodes) co_return problem(nodes.error());
  JsonArray out;
  for (const store::NodeInfo& node : *nodes) out.push_back(node_json(node));
  co_return json_response(
      JsonObject{{"shared", api->services.store.shared()}, {"nodes", std::move(out)}});
}

}  // namespace

void register_nodes(Router& router, const ApiPtr& api) {
  router.add({Method::get, "/api/nodes", Scope::admin, "list_nodes",
              "The processes that serve this database"},
             [api](Request& request) { return list(api, request); });
}

}  // namespace pilot::api
