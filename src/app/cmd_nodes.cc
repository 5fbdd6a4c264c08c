// pilot nodes: the processes that serve this database, and whether they live.
#include <fmt/format.h>

#include "app/commands.h"
#include "app/output.h"

namespace pilot::app {
namespace {

std::string roles_of(const Json& node) {
  std::string out;
  const Json* roles = find(node, "roles");
  if (roles == nullptr || !roles->is_array()) return out;
  for (const Json& role : roles->get_array()) {
    if (role.is_string())
      out += (out.empty() ? "" : ",") + one_line(as_view(role.get_string()), 20);
  }
  return out;
}

std::string state_of(const Json& node) {
  const Json* alive = find(node, "alive");
  if (alive == nullptr || !alive->is_bool() || !alive->get_bool()) {
    return "dead: its runs are being taken over";
  }
  const Json* draining = find(node, "draining");
  return draining != nullptr && draining->is_bool() && draining->get_bool() ? "draining" : "alive";
}

}  // namespace

int nodes(const GlobalOptions& global) {
  return with_session(global, [&](Session& session) {
    const Result<Json> answer = session.client().expect("GET", "/api/nodes");
    if (!answer) return refuse(answer.error());
    const Json* list = find(*answer, "nodes");
    if (global.json || list == nullptr || !list->is_array()) {
      print_json(*answer);
      return kExitOk;
    }
    if (const Json* shared = find(*answer, "shared"); shared != nullptr && *shared == Json(false)) {
      print_line("one process has this database; several can share a PostgreSQL");
      return kExitOk;
    }
    std::vector<std::vector<std::string>> rows{
        {"NODE", "HOST:PROCESS", "ROLES", "RUNS", "HEARD OF", "STATE"}};
    for (const Json& node : list->get_array()) {
      const Json* runs = find(node, "runs");
      rows.push_back({field(node, "id"), field(node, "name"), roles_of(node),
                      runs == nullptr ? "" : to_json(*runs), field(node, "heartbeat_at"),
                      state_of(node)});
    }
    fmt::print("{}", table(rows));
    return kExitOk;
  });
}

}  // namespace pilot::app
