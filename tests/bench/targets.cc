// The targets of the issue and whether the figures reach them.
#include <fmt/format.h>

#include <algorithm>

#include "load_client.h"
#include "report.h"

namespace pilot::bench {
namespace {

constexpr std::string_view kNotMeasured = "not measured";

Target unmeasured(std::string name, std::string wanted) {
  return {std::move(name), std::move(wanted), std::string(kNotMeasured), std::nullopt};
}

const Row* busiest(const Report& report, std::string_view workload) {
  for (const Row& row : report.rows) {
    if (row.workload == workload && row.connections == 100) return &row;
  }
  return nullptr;
}

Target against_bare(const Report& report, std::string_view workload, std::string_view reference,
                    double factor) {
  const std::string name = fmt::format("{} at 100 connections", workload);
  const std::string wanted = fmt::format(">= {} x bare one at a time", factor);
  const Row* row = busiest(report, workload);
  const Reference* bare = find_reference(report, reference);
  if (row == nullptr || bare == nullptr || bare->per_second() <= 0) return unmeasured(name, wanted);
  const double ratio = row->per_second / bare->per_second();
  return {name, wanted,
          fmt::format("{:.2f} x ({:.0f}/s against {:.0f}/s)", ratio, row->per_second,
                      bare->per_second()),
          ratio >= factor};
}

Target below(std::string name, std::string_view unit, double limit, std::optional<double> figure) {
  std::string wanted = fmt::format("< {:.0f} {}", limit, unit);
  if (!figure) return unmeasured(std::move(name), std::move(wanted));
  return {std::move(name), std::move(wanted), fmt::format("{:.1f} {}", *figure, unit),
          *figure < limit};
}

std::optional<double> busy_memory(const Report& report) {
  std::optional<double> most;
  for (const Row& row : report.rows) {
    if (row.connections == 100) most = std::max(most.value_or(0), row.rss_mib);
  }
  return most;
}

}  // namespace

std::vector<Target> targets(const Report& report) {
  std::vector<Target> all;
  all.push_back(against_bare(report, "W2", "bare_w2_single", 2.5));
  all.push_back(against_bare(report, "W1", "bare_w1_single", 0.8));
  const auto& start = report.start_up;
  const auto median_of = [](const std::vector<double>& values) {
    return values.empty() ? std::nullopt : std::optional<double>(median(values));
  };
  all.push_back(below("idle memory", "MiB", 40,
                      start ? std::optional<double>(start->idle_rss_mib) : std::nullopt));
  all.push_back(below("memory at 100 connections", "MiB", 120, busy_memory(report)));
  all.push_back(below("cold start, empty directory", "ms", 150,
                      start ? median_of(start->fresh_ms) : std::nullopt));
  all.push_back(below("cold start, used directory", "ms", 150,
                      start ? median_of(start->existing_ms) : std::nullopt));
  if (const auto& accepted = report.acceptance) {
    all.push_back({"100 executions at once", "no error",
                   fmt::format("{} of {} failed", accepted->errors, accepted->executions),
                   accepted->errors == 0});
  } else {
    all.push_back(unmeasured("100 executions at once", "no error"));
  }
  if (const auto& asleep = report.sleepers) {
    all.push_back({"10,000 runs asleep: memory", "< 60 MiB",
                   fmt::format("{:.1f} MiB, {} asleep", asleep->rss_mib, asleep->waiting),
                   asleep->rss_mib < 60 && asleep->waiting == asleep->runs});
    all.push_back({"10,000 runs asleep: threads", "none more",
                   fmt::format("{} before, {} after", asleep->threads_before, asleep->threads),
                   asleep->threads <= asleep->threads_before});
  } else {
    all.push_back(unmeasured("10,000 runs asleep: memory", "< 60 MiB"));
    all.push_back(unmeasured("10,000 runs asleep: threads", "none more"));
  }
  return all;
}

}  // namespace pilot::bench
