// pilot run FILE: checks the plan, starts it through the API, shows it until it ends.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/own_providers.h"
#include "app/plan_file.h"
#include "app/registry.h"
#include "app/run_view.h"
#include "base/log.h"
#include "engine/connections.h"
#include "http/url.h"
#include "plan/load.h"

namespace pilot::app {
namespace {

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col;
  return 100;
}

// Draws the table over itself.
class LiveTable {
 public:
  explicit LiveTable(RunView& view) : view_(view) {}
  void redraw() {
    const std::string text = view_.draw(terminal_width());
    if (lines_ > 0) fmt::print("\x1b[{}F\x1b[J", lines_);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    lines_ = std::count(text.begin(), text.end(), '\n');
  }

 private:
  RunView& view_;
  std::ptrdiff_t lines_ = 0;
};

bool is_over(const Json& run) {
  const auto state = run_state_from(string_or(run, "status"));
  return state && is_terminal(*state);
}

// Nobody comes to decide while a one-shot command waits.
bool is_stuck(const Json& run) {
  const std::string_view reason = string_or(run, "reason");
  return string_or(run, "status") == "waiting" &&
         (reason == "outcome_unknown" || reason == engine::kNeedsReauth);
}

std::string ending(const Output& output, const Json& run) {
  const std::string_view status = string_or(run, "status");
  const bool success = status == "success";
  std::string text = paint(output, success ? Colour::green : Colour::red,
                           fmt::format("{} {}", success ? "✓" : "✗", status));
  text += fmt::format("  run {}", string_or(run, "id"));
  const Result<WallTime> began = parse_rfc3339(string_or(run, "started_at"));
  const Result<WallTime> ended = parse_rfc3339(string_or(run, "finished_at"));
  if (began && ended) {
    text += "  in " + duration_text(std::chrono::duration_cast<Millis>(*ended - *began).count());
  }
  const Json* error = find(run, "error");
  if (error != nullptr && error->is_object()) {
    const std::string_view step = string_or(*error, "step");
    text += fmt::format("\n  {}{}: {}", step.empty() ? "" : fmt::format("step {}: ", step),
                        string_or(*error, "code"), one_line(string_or(*error, "message"), 400));
  }
  if (is_stuck(run)) {
    text += fmt::format("\n  {}; see `pilot runs show {}`",
                        string_or(run, "reason") == engine::kNeedsReauth
                            ? "it goes on when the account has been connected anew"
                            : "the outcome of a call is not known",
                        string_or(run, "id"));
  }
  return text;
}

}  // namespace

int watch_run(const GlobalOptions& global, Session& session, const std::string& run_id,
              std::shared_ptr<const plan::CompiledPlan> plan) {
  const Output output = Output::detect(global.json);
  static const plan::CompiledPlan kNoPlan;
  RunView view(plan ? *plan : kNoPlan, output);
  LiveTable live(view);
  const bool table = output.terminal && !output.json && plan != nullptr;
  if (table) live.redraw();
  std::string last_id;
  bool over = false;
  const auto on_event = [&](const api::ServerEvent& event) {
    last_id = event.id;
    if (event.type == "attempt") {
      const std::string line = view.on_attempt(event.data);
      if (table) {
        live.redraw();
      } else if (!output.json && !line.empty()) {
        print_line(line);
      }
    } else if (event.type == "run") {
      over = is_over(event.data) || is_stuck(event.data);
    }
    return !over;
  };
  const std::string target = "/api/runs/" + http::encode_segment(run_id);
  for (int failures = 0; !over && failures < 5;) {
    const Status followed = session.client().follow(target + "/events", last_id, on_event);
    if (over) break;
    failures = followed ? 0 : failures + 1;
    const Result<Json> now = session.client().expect("GET", target);
    if (!now) return refuse(now.error());
    over = is_over(*now);
  }
  const Result<Json> run = session.client().expect("GET", target);
  if (!run) return refuse(run.error());
  if (output.json) {
    print_json(run_summary(*run));
  } else {
    print_line(ending(output, *run));
  }
  return string_or(*run, "status") == "success" ? kExitOk : kExitFailed;
}

int run(const GlobalOptions& global, const RunOptions& options) {
  Result<Json> document = read_document(options.file);
  if (!document) return refuse(document.error());
  Result<Json> inputs = read_inputs(options.inputs, options.input);
  if (!inputs) return refuse(inputs.error());
  plan::CompileOutcome compiled = plan::compile_plan(*document, make_registry(global.catalog));
  if (!compiled.plan && !may_name_own(global, compiled.problems)) {
    return refuse(plan::to_error(compiled.problems).prefixed(options.file));
  }
  Result<Session> session = Session::open(global);
  if (!session) return refuse(session.error());
  const Result<Json> started = session->client().expect(
      "POST", "/api/runs",
      JsonObject{{"plan", std::move(*document)}, {"inputs", std::move(*inputs)}});
  if (!started) return refuse(started.error().prefixed(options.file));
  const std::string id(string_or(*started, "id"));
  if (options.detach) {
    if (!session->is_remote()) {
      return refuse(invalid("no_server", "--detach needs a running server: start `pilot serve`"));
    }
    print_line(id);
    return kExitOk;
  }
  const Output output = Output::detect(global.json);
  if (!output.json) {
    const std::string name = compiled.plan ? compiled.plan->plan.name : "";
    print_line(paint(output, Colour::bold, name.empty() ? options.file : printable(name)) +
               paint(output, Colour::dim, "  run " + id));
  }
  return watch_run(global, *session, id, compiled.plan);
}

}  // namespace pilot::app
