#include "workloads.h"

#include <fmt/format.h>

#include "http_call.h"
#include "load_client.h"

namespace pilot::bench {
namespace {

JsonObject step(std::string_view id, std::string_view provider, std::string_view action,
                JsonObject params) {
  return {{"id", id}, {"provider", provider}, {"action", action}, {"params", std::move(params)}};
}

std::string execute_body(const std::string& plan_id) {
  return to_json(JsonObject{{"plan_id", plan_id}});
}

// Member by member from the top; null when one is missing.
const Json* dig(const Json& value, std::initializer_list<std::string_view> path) {
  const Json* at = &value;
  for (const std::string_view key : path) {
    at = at == nullptr ? nullptr : find(*at, key);
  }
  return at;
}

Result<Workload> prepare(const PilotServer& server, std::string name, JsonArray steps,
                         std::initializer_list<std::string_view> proof, const Json& expected) {
  const Result<std::string> id =
      server.save_plan({{"name", "benchmark " + name}, {"steps", std::move(steps)}});
  if (!id) return id.error();
  const Result<Json> answer =
      call_json(server.address(), "POST", "/api/execute", execute_body(*id), 200);
  if (!answer) return answer.error().prefixed(name);
  const Json* success = find(*answer, "success");
  const Json* outputs = dig(*answer, {"execution", "step_outputs", "2", "output"});
  const Json* found = outputs == nullptr ? nullptr : dig(*outputs, proof);
  if (success == nullptr || *success != Json(true) || found == nullptr || *found != expected) {
    return invalid("bad_answer", fmt::format("{} did not do what it should: {}", name,
                                             to_json(*answer).substr(0, 2'000)));
  }
  return Workload{std::move(name), *id};
}

Load execute_load(const Workload& workload, const PilotServer& server, int connections) {
  Load load;
  load.port = server.port();
  load.request =
      request_text("POST", "/api/execute", server.address(), execute_body(workload.plan_id));
  load.connections = connections;
  load.wanted = R"("success":true)";
  load.unwanted = R"("success":false)";
  return load;
}

}  // namespace

Result<Workload> prepare_w1(const PilotServer& server, const NginxTarget& target) {
  JsonArray steps;
  steps.push_back(step("fetch", "http", "get", {{"url", target.url("/item")}}));
  steps.push_back(step("pick", "logic", "set",
                       {{"name", "${steps.fetch.output.body.name}"},
                        {"price", "${steps.fetch.output.body.price}"}}));
  steps.push_back(step("send", "http", "post",
                       {{"url", target.url("/result")},
                        {"json", JsonObject{{"name", "${steps.pick.output.name}"},
                                            {"price", "${steps.pick.output.price}"}}}}));
  return prepare(server, "W1", std::move(steps), {"body", "ok"}, true);
}

JsonArray w2_steps() {
  JsonArray steps;
  steps.push_back(step("first", "logic", "set", {{"count", 3}, {"name", "grinder"}}));
  steps.push_back(step("second", "logic", "set",
                       {{"count", "${steps.first.output.count}"},
                        {"title", "A ${steps.first.output.name}, please"}}));
  steps.push_back(step("third", "logic", "set",
                       {{"order", JsonObject{{"title", "${steps.second.output.title}"},
                                             {"count", "${steps.second.output.count}"}}}}));
  return steps;
}

Result<Workload> prepare_w2(const PilotServer& server) {
  return prepare(server, "W2", w2_steps(), {"order", "title"}, "A grinder, please");
}

Status warm_up(const Workload& workload, const PilotServer& server) {
  Load load = execute_load(workload, server, 100);
  load.total = 5'000;  // some times the pages at which the store moves its log into the database
  const Result<LoadResult> done = run_load(load);
  if (!done) return done.error().prefixed("warm-up");
  if (done->errors > 0) return internal_error("warm-up: " + done->first_error);
  return ok();
}

Result<Row> measure_row(const Workload& workload, const Servers& servers, int connections,
                        double seconds) {
  struct Cpu {
    double server = 0, target = 0, client = 0, database = 0;
  };
  const auto cpu_now = [&servers] {
    return Cpu{servers.pilot.process().cpu_seconds(), servers.nginx.process().cpu_seconds(),
               own_cpu_seconds(), servers.database_cpu ? servers.database_cpu() : 0};
  };
  Cpu before;
  Cpu after;
  Result<Footprint> memory = Footprint{};
  Load load = execute_load(workload, servers.pilot, connections);
  load.seconds = seconds;
  load.on_begin = [&] { before = cpu_now(); };
  load.on_end = [&] {
    after = cpu_now();
    memory = servers.pilot.process().footprint();
  };
  const Result<LoadResult> done = run_load(load);
  if (!done) return done.error().prefixed(workload.name);
  if (!memory) return memory.error().prefixed(workload.name);
  Row row{.workload = workload.name,
          .store = servers.database_cpu ? "postgres" : "sqlite",
          .connections = connections,
          .per_second = done->per_second(),
          .p50_ms = done->p50_ms,
          .p99_ms = done->p99_ms,
          .max_ms = done->max_ms,
          .rss_mib = memory->rss_mib,
          .peak_rss_mib = memory->peak_rss_mib,
          .executions = done->answers,
          .errors = done->errors,
          .first_error = done->first_error};
  if (done->seconds > 0 && done->answers > 0) {
    row.server_cpu_ms = 1e3 * (after.server - before.server) / static_cast<double>(done->answers);
    row.server_cores = (after.server - before.server) / done->seconds;
    row.target_cores = (after.target - before.target) / done->seconds;
    row.client_cores = (after.client - before.client) / done->seconds;
    row.database_cpu_ms =
        1e3 * (after.database - before.database) / static_cast<double>(done->answers);
    row.database_cores = (after.database - before.database) / done->seconds;
  }
  return row;
}

Result<Acceptance> measure_acceptance(const Workload& workload, const PilotServer& server) {
  constexpr int kAtOnce = 100;
  Load load = execute_load(workload, server, kAtOnce);
  load.total = kAtOnce;
  const Result<LoadResult> done = run_load(load);
  if (!done) return done.error().prefixed("100 executions at once");
  return Acceptance{.executions = kAtOnce,
                    .errors = done->errors,
                    .first_error = done->first_error,
                    .seconds = done->seconds,
                    .max_ms = done->max_ms};
}

Result<double> measure_nginx(const NginxTarget& target, double seconds) {
  Load load;
  load.port = target.port();
  load.request = request_text("GET", "/item", {target.port()});
  load.connections = 100;
  load.warmup_seconds = 0.2;
  load.seconds = seconds;
  load.wanted = "coffee grinder";
  const Result<LoadResult> done = run_load(load);
  if (!done) return done.error().prefixed("nginx");
  if (done->errors > 0) return internal_error("nginx: " + done->first_error);
  return done->per_second();
}

}  // namespace pilot::bench
