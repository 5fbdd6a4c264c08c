#include "app/run_view.h"

#include <fmt/format.h>

#include "base/log.h"

namespace pilot::app {
namespace {

struct Mark {
  std::string_view sign;
  Colour colour;
};

Mark mark_of(std::string_view status) {
  if (status == "success") return {"✓", Colour::green};
  if (status == "error" || status == "timeout") return {"✗", Colour::red};
  if (status == "retrying") return {"↻", Colour::yellow};
  if (status == "running") return {"▸", Colour::cyan};
  if (status == "skipped") return {"–", Colour::dim};
  if (status == "unknown") return {"?", Colour::yellow};
  return {"·", Colour::dim};
}

std::int64_t integer(const Json& value, std::string_view key) {
  const Json* member = find(value, key);
  return member != nullptr && member->is_int64() ? member->get_int64() : 0;
}

std::string what_happened(const Json& attempt, std::size_t width) {
  const Json* error = find(attempt, "error");
  if (error != nullptr && error->is_object()) {
    return one_line(fmt::format("{}: {}", string_or(*error, "code"), string_or(*error, "message")),
                    width);
  }
  const Json* output = find(attempt, "output");
  if (output != nullptr && !output->is_null()) return preview(*output, width);
  return one_line(string_or(attempt, "message"), width);
}

}  // namespace

RunView::RunView(const plan::CompiledPlan& plan, Output output)
    : output_(output), plan_name_(plan.plan.name) {
  add_rows(plan.root, 0, false);
}

void RunView::add_rows(const plan::Body& body, int depth, bool in_foreach) {
  for (const plan::CompiledStep& step : body.steps) {
    const bool loops = !step.spec.foreach.is_null();
    Row row;
    row.id = step.spec.id;
    row.call = step.action == nullptr ? (loops ? "foreach" : "group")
                                      : fmt::format("{}.{}", step.spec.provider, step.spec.action);
    row.status = "pending";
    row.depth = depth;
    row.in_foreach = in_foreach || (loops && step.action != nullptr);
    row.is_container = step.action == nullptr;
    by_id_[row.id] = rows_.size();
    rows_.push_back(std::move(row));
    add_rows(step.body, depth + 1, in_foreach || loops);
  }
}

std::string RunView::on_attempt(const Json& attempt) {
  const auto it = by_id_.find(string_or(attempt, "step_id"));
  if (it == by_id_.end()) return {};
  Row& row = rows_[it->second];
  const std::string_view status = string_or(attempt, "status");
  const std::string path(string_or(attempt, "item_path"));
  row.status = status;
  row.preview = what_happened(attempt, 200);
  const std::int64_t number = integer(attempt, "attempt");
  if (status != "running") {
    row.latency_ms += integer(attempt, "latency_ms");
    if (status == "success" || status == "error" || status == "timeout") {
      row.items_done.insert(path);
    }
  }
  if (status == "running") return {};
  if (status != "skipped" && !row.is_container) ++row.attempts;
  const std::string name = path.empty() ? row.id : fmt::format("{}[{}]", row.id, path);
  std::string line = fmt::format("{} {:<20} {:<8}", mark_of(status).sign, name, status);
  if (row.is_container || status == "skipped") {
    line += fmt::format(" {:>21}", "");
  } else {
    line +=
        fmt::format(" attempt {:<2} {:>10}", number, duration_text(integer(attempt, "latency_ms")));
  }
  line += "  " + what_happened(attempt, 100);
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

std::string RunView::draw(std::size_t width) const {
  std::size_t id_width = 4;
  std::size_t call_width = 6;
  for (const Row& row : rows_) {
    id_width = std::max(id_width, row.id.size() + 2 * static_cast<std::size_t>(row.depth));
    call_width = std::max(call_width, row.call.size());
  }
  std::string out = paint(output_, Colour::dim,
                          fmt::format("  {:<{}}  {:<{}}  {:<9} {:>5} {:>9}  {}", "step", id_width,
                                      "action", call_width, "status", "tries", "time", "preview"));
  out += '\n';
  for (const Row& row : rows_) {
    const Mark mark = mark_of(row.status);
    std::string id = std::string(2 * static_cast<std::size_t>(row.depth), ' ') + row.id;
    std::string text = row.preview;
    if (row.in_foreach && !row.items_done.empty()) {
      text = fmt::format("{} items · {}", row.items_done.size(), text);
    }
    const std::size_t used = 2 + id_width + 2 + call_width + 2 + 9 + 1 + 5 + 1 + 9 + 2;
    text = width > used + 8 ? one_line(text, width - used - 1) : std::string();
    out += fmt::format("{} {:<{}}  {}  {} {:>5} {:>9}  {}\n",
                       paint(output_, mark.colour, mark.sign), id, id_width,
                       paint(output_, Colour::dim, fmt::format("{:<{}}", row.call, call_width)),
                       paint(output_, mark.colour, fmt::format("{:<9}", row.status)),
                       row.attempts > 0 ? std::to_string(row.attempts) : "",
                       row.attempts > 0 ? duration_text(row.latency_ms) : "", text);
  }
  return out;
}

Json run_summary(const Json& run) {
  JsonArray steps;
  if (const Json* all = find(run, "steps"); all != nullptr && all->is_array()) {
    for (const Json& step : all->get_array()) {
      JsonObject out;
      for (const std::string_view key :
           {"id", "item_path", "status", "attempts", "output", "error"}) {
        const Json* value = find(step, key);
        if (key == "item_path" && (value == nullptr || value->is_null() ||
                                   (value->is_string() && value->get_string().empty()))) {
          continue;
        }
        out[key] = value == nullptr ? Json(nullptr) : *value;
      }
      steps.push_back(std::move(out));
    }
  }
  return JsonObject{{"run_id", string_or(run, "id")},
                    {"status", string_or(run, "status")},
                    {"steps", std::move(steps)},
                    {"error", find(run, "error") ? *find(run, "error") : Json(nullptr)}};
}

}  // namespace pilot::app
