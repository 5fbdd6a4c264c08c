// pilot runs list|show|watch|cancel and pilot logs [-f]
#include <fmt/format.h>

#include <set>
#include <thread>

#include "app/commands.h"
#include "app/output.h"
#include "base/log.h"
#include "http/url.h"

namespace pilot::app {
namespace {

std::string log_line(const Json& log) {
  const Json* error = find(log, "error");
  const bool failed = error != nullptr && error->is_string();
  const std::string call =
      field(log, "provider").empty() ? "" : field(log, "provider") + "." + field(log, "action");
  const std::string what = failed ? field(log, "error") : field(log, "output_preview");
  return fmt::format("{}  {:<9} {:<24} {:<24} {:>9}  {}", field(log, "timestamp"),
                     field(log, "status"), one_line(field(log, "step_id"), 24), one_line(call, 24),
                     field(log, "latency_ms") + " ms", one_line(what, 120));
}

}  // namespace

int runs_list(const GlobalOptions& global, const ListOptions& options) {
  return with_session(global, [&](Session& session) {
    std::string target = fmt::format("/api/runs?limit={}", options.limit);
    if (!options.plan.empty()) target += "&plan_id=" + http::encode_component(options.plan);
    if (!options.status.empty()) target += "&status=" + http::encode_component(options.status);
    const Result<Json> answer = session.client().expect("GET", target);
    if (!answer) return refuse(answer.error());
    const Json* runs = find(*answer, "runs");
    if (global.json) {
      print_json(runs != nullptr ? *runs : Json(JsonArray{}));
      return kExitOk;
    }
    std::vector<std::vector<std::string>> rows{{"ID", "PLAN", "STATUS", "REASON", "CREATED"}};
    for (const Json& run : runs->get_array()) {
      rows.push_back({field(run, "id"), one_line(field(run, "plan_name"), 30), field(run, "status"),
                      field(run, "reason"), field(run, "created_at")});
    }
    if (rows.size() == 1) {
      print_line("no runs");
    } else {
      fmt::print("{}", table(rows));
    }
    return kExitOk;
  });
}

int runs_show(const GlobalOptions& global, const std::string& id) {
  return with_session(global, [&](Session& session) {
    const Result<Json> run =
        session.client().expect("GET", "/api/runs/" + http::encode_segment(id));
    if (!run) return refuse(run.error());
    print_json(*run);
    return kExitOk;
  });
}

int runs_watch(const GlobalOptions& global, const std::string& id) {
  return with_session(global,
                      [&](Session& session) { return watch_run(global, session, id, nullptr); });
}

int runs_cancel(const GlobalOptions& global, const std::string& id) {
  return with_session(global, [&](Session& session) {
    const Result<Json> run = session.client().expect(
        "POST", "/api/runs/" + http::encode_segment(id) + "/cancel", JsonObject{});
    if (!run) return refuse(run.error());
    if (global.json) {
      print_json(*run);
    } else {
      print_line("cancelled " + printable(id));
    }
    return kExitOk;
  });
}

// Newest last, as a log reads. With -f it looks again every half second for what is newer.
int logs(const GlobalOptions& global, const ListOptions& options) {
  return with_session(global, [&](Session& session) {
    std::string target = fmt::format("/api/execution-logs?limit={}", options.limit);
    if (!options.plan.empty()) target += "&plan_id=" + http::encode_component(options.plan);
    if (!options.run.empty()) target += "&run_id=" + http::encode_component(options.run);
    if (options.follow && !session.is_remote()) {
      return refuse(
          invalid("no_server", "there is no running server to follow; start `pilot serve`"));
    }
    std::set<std::string> shown;
    for (bool first = true;; first = false) {
      const Result<Json> answer = session.client().expect("GET", target);
      if (!answer) return refuse(answer.error());
      const Json* found = find(*answer, "logs");
      if (found == nullptr || !found->is_array()) return kExitOk;
      const JsonArray& rows = found->get_array();
      std::set<std::string> now;
      for (std::size_t i = rows.size(); i-- > 0;) {
        const std::string key = field(rows[i], "id");
        now.insert(key);
        if (!first && shown.contains(key)) continue;
        print_line(global.json ? to_json(rows[i]) : log_line(rows[i]));
      }
      shown = std::move(now);
      if (!options.follow) return kExitOk;
      std::this_thread::sleep_for(std::chrono::milliseconds{500});
    }
  });
}

}  // namespace pilot::app
