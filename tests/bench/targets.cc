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

std::optional<double> busy_memory(const Report& report) {
  std::optional<double> most;
  for (const Row& row : report.rows) {
    if (row.connections == 100) most = std::max(most.value_or(0), row.rss_mib);
  }
  return most;
}

Target of_burst(const Schedules* found, std::size_t count, std::string wanted, double limit_ms,
                double Burst::*figure) {
  const std::string name = fmt::format("{} due in one second", count);
  if (found == nullptr) return unmeasured(name, std::move(wanted));
  for (const Burst& burst : found->bursts) {
    if (burst.schedules != count) continue;
    return {name, std::move(wanted),
            fmt::format("{:.1f} ms, {} fired, {} missed", burst.*figure, burst.fired, burst.missed),
            burst.*figure < limit_ms && burst.fired == count && burst.missed == 0};
  }
  return unmeasured(name, std::move(wanted));
}

void add_schedules(const Report& report, std::vector<Target>& all) {
  const Schedules* found = report.schedules ? &*report.schedules : nullptr;
  const auto figure = [&](double Schedules::*member, double factor) {
    return found != nullptr ? std::optional<double>(found->*member * factor) : std::nullopt;
  };
  all.push_back(below("100,000 schedules: start", "s", 5, figure(&Schedules::load_seconds, 1)));
  all.push_back(below("100,000 schedules: memory", "MiB", 100, figure(&Schedules::rss_mib, 1)));
  all.push_back(below("100,000 schedules: idle", "% CPU", 1, figure(&Schedules::idle_cores, 100)));
  all.push_back(of_burst(found, 1'000, "p99 late < 50 ms, none missed", 50, &Burst::p99_ms));
  all.push_back(of_burst(found, 10'000, "all fired within 10 s", 10'000, &Burst::last_started_ms));
}

void add_cron(const Report& report, std::vector<Target>& all) {
  std::optional<double> slowest;
  if (report.cron) {
    for (const CronFigure& figure : report.cron->figures) {
      slowest = std::max(slowest.value_or(0), figure.next_ns / 1'000);
    }
  }
  all.push_back(below("next due instant, slowest", "us", 2, slowest));
}

// The worst of the ten programs beside libjq.
void add_jq(const Report& report, std::vector<Target>& all) {
  const JqFigures* found = report.jq ? &*report.jq : nullptr;
  const auto worst = [&](std::string name, double factor, double JqFigure::*ours,
                         double JqFigure::*theirs) {
    const std::string wanted = fmt::format(">= {} x libjq", factor);
    if (found == nullptr || found->programs.empty() || found->programs[0].libjq_compile_us == 0) {
      return all.push_back(unmeasured(std::move(name), wanted));
    }
    double ratio = 1e9;
    for (const JqFigure& f : found->programs) ratio = std::min(ratio, f.*theirs / (f.*ours));
    all.push_back({std::move(name), wanted, fmt::format("{:.1f} x (the worst of ten)", ratio),
                   ratio >= factor});
  };
  worst("jq: compile", 100, &JqFigure::compile_us, &JqFigure::libjq_compile_us);
  worst("jq: run on 1 KB", 1, &JqFigure::small_us, &JqFigure::libjq_small_us);
  worst("jq: run on 1 MB", 1, &JqFigure::large_us, &JqFigure::libjq_large_us);
}

}  // namespace

Target against(const Report& report, std::string_view workload, std::string_view reference,
               double factor, std::string_view what) {
  const std::string name = fmt::format("{} at 100 connections", workload);
  const std::string wanted = fmt::format(">= {} x {}", factor, what);
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

Target accepted_all(const Report& report) {
  if (!report.acceptance) return unmeasured("100 executions at once", "no error");
  const Acceptance& accepted = *report.acceptance;
  return {"100 executions at once", "no error",
          fmt::format("{} of {} failed", accepted.errors, accepted.executions),
          accepted.errors == 0};
}

std::vector<Target> targets(const Report& report) {
  if (report.store == "postgres") return postgres_targets(report);
  std::vector<Target> all;
  all.push_back(against(report, "W2", "bare_w2_single", 2.5, "bare one at a time"));
  all.push_back(against(report, "W1", "bare_w1_single", 0.8, "bare one at a time"));
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
  all.push_back(accepted_all(report));
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
  add_schedules(report, all);
  add_cron(report, all);
  add_jq(report, all);
  add_provider_targets(report, all);
  return all;
}

}  // namespace pilot::bench
