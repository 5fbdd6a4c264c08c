#include "report.h"

#include <fmt/format.h>

#include <cmath>

#include "load_client.h"

namespace pilot::bench {
namespace {

JsonObject row_json(const Row& row) {
  JsonObject out{{"workload", row.workload},
                 {"store", row.store},
                 {"connections", row.connections},
                 {"per_second", rounded(row.per_second)},
                 {"p50_ms", rounded(row.p50_ms)},
                 {"p99_ms", rounded(row.p99_ms)},
                 {"max_ms", rounded(row.max_ms)},
                 {"rss_mib", rounded(row.rss_mib)},
                 {"peak_rss_mib", rounded(row.peak_rss_mib)},
                 {"executions", row.executions},
                 {"errors", row.errors},
                 {"server_cpu_ms_per_execution", rounded(row.server_cpu_ms)},
                 {"server_cores", rounded(row.server_cores)},
                 {"target_cores", rounded(row.target_cores)},
                 {"client_cores", rounded(row.client_cores)}};
  if (row.store == "postgres") {
    out["database_cpu_ms_per_execution"] = rounded(row.database_cpu_ms);
    out["database_cores"] = rounded(row.database_cores);
  }
  if (!row.first_error.empty()) out["first_error"] = row.first_error;
  return out;
}

JsonObject start_up_json(const StartUp& start) {
  return {{"fresh_ms", rounded(start.fresh_ms)},
          {"fresh_median_ms", rounded(median(start.fresh_ms))},
          {"existing_ms", rounded(start.existing_ms)},
          {"existing_median_ms", rounded(median(start.existing_ms))},
          {"idle_rss_mib", rounded(start.idle_rss_mib)},
          {"idle_cores", rounded(start.idle_cores)}};
}

JsonObject acceptance_json(const Acceptance& accepted) {
  return {{"executions", accepted.executions},
          {"errors", accepted.errors},
          {"first_error", accepted.first_error},
          {"seconds", rounded(accepted.seconds)},
          {"max_ms", rounded(accepted.max_ms)}};
}

JsonObject sleepers_json(const Sleepers& asleep) {
  return {{"runs", asleep.runs},
          {"waiting", asleep.waiting},
          {"errors", asleep.errors},
          {"first_error", asleep.first_error},
          {"accepted_per_second", rounded(asleep.accepted_per_second)},
          {"rss_before_mib", rounded(asleep.rss_before_mib)},
          {"rss_mib", rounded(asleep.rss_mib)},
          {"peak_rss_mib", rounded(asleep.peak_rss_mib)},
          {"threads_before", asleep.threads_before},
          {"threads", asleep.threads},
          {"idle_cores", rounded(asleep.idle_cores)}};
}

JsonObject schedules_json(const Schedules& found) {
  JsonArray bursts;
  for (const Burst& burst : found.bursts) {
    bursts.push_back(JsonObject{{"schedules", burst.schedules},
                                {"fired", burst.fired},
                                {"missed", burst.missed},
                                {"p50_ms", rounded(burst.p50_ms)},
                                {"p99_ms", rounded(burst.p99_ms)},
                                {"max_ms", rounded(burst.max_ms)},
                                {"last_started_ms", rounded(burst.last_started_ms)},
                                {"last_finished_ms", rounded(burst.last_finished_ms)}});
  }
  return {{"at_rest", found.at_rest},
          {"zones", found.zones},
          {"saved_per_second", rounded(found.saved_per_second)},
          {"load_seconds", rounded(found.load_seconds)},
          {"rss_mib", rounded(found.rss_mib)},
          {"peak_rss_mib", rounded(found.peak_rss_mib)},
          {"idle_cores", rounded(found.idle_cores)},
          {"bursts", std::move(bursts)}};
}

JsonObject cron_json(const CronFigures& found) {
  JsonArray figures;
  for (const CronFigure& figure : found.figures) {
    figures.push_back(
        JsonObject{{"expression", figure.expression}, {"next_ns", rounded(figure.next_ns)}});
  }
  return {{"zone", found.zone},
          {"figures", std::move(figures)},
          {"conversions_ns", rounded(found.conversions_ns)},
          {"minutes_ns", rounded(found.minutes_ns)}};
}

JsonObject jq_json(const JqFigures& found) {
  JsonArray programs;
  for (const JqFigure& figure : found.programs) {
    programs.push_back(JsonObject{{"program", figure.program},
                                  {"compile_us", rounded(figure.compile_us)},
                                  {"small_us", rounded(figure.small_us)},
                                  {"large_us", rounded(figure.large_us)},
                                  {"libjq_compile_us", rounded(figure.libjq_compile_us)},
                                  {"libjq_small_us", rounded(figure.libjq_small_us)},
                                  {"libjq_large_us", rounded(figure.libjq_large_us)}});
  }
  return {{"small_bytes", found.small_bytes},
          {"large_bytes", found.large_bytes},
          {"programs", std::move(programs)}};
}

JsonArray targets_json(const Report& report) {
  JsonArray out;
  for (const Target& target : targets(report)) {
    out.push_back(JsonObject{{"name", target.name},
                             {"wanted", target.wanted},
                             {"figure", target.figure},
                             {"reached", target.reached ? Json(*target.reached) : Json(nullptr)}});
  }
  return out;
}

std::string rows_text(const Report& report) {
  std::string out = fmt::format(
      "\n{:<9}{:<9}{:>6}{:>11}{:>9}{:>9}{:>9}{:>9}{:>9}{:>8}{:>7}{:>8}{:>8}{}\n", "workload",
      "store", "conns", "per second", "p50 ms", "p99 ms", "max ms", "RSS MiB", "CPU ms", "server",
      "nginx", "client", "errors", report.postgres ? "   DB CPU ms  DB" : "");
  for (const Row& row : report.rows) {
    out += fmt::format(
        "{:<9}{:<9}{:>6}{:>11.0f}{:>9.2f}{:>9.2f}{:>9.1f}{:>9.1f}{:>9.3f}{:>8.2f}{:>7.2f}{:>8.2f}"
        "{:>8}{}\n",
        row.workload, row.store, row.connections, row.per_second, row.p50_ms, row.p99_ms,
        row.max_ms, row.rss_mib, row.server_cpu_ms, row.server_cores, row.target_cores,
        row.client_cores, row.errors,
        report.postgres ? fmt::format("{:>12.3f}{:>6.2f}", row.database_cpu_ms, row.database_cores)
                        : "");
  }
  return out +
         "CPU ms, DB CPU ms: of the server and of PostgreSQL, per execution. server, nginx, "
         "client, "
         "DB: cores in use.\n";
}

std::string references_text(const Report& report) {
  std::string out =
      fmt::format("\n{:<24}{:>11}  {:<24}{}\n", "reference", "per second", "samples", "what");
  for (const Reference& reference : report.references) {
    std::string samples;
    for (const double sample : reference.samples) samples += fmt::format("{:.0f} ", sample);
    out += fmt::format("{:<24}{:>11.0f}  {:<24}{}\n", reference.name, reference.per_second(),
                       samples, reference.what);
  }
  return out;
}

// How far the busiest rows are from what the database could do at its best.
std::string ceiling_text(const Report& report) {
  std::string out;
  for (const Row& row : report.rows) {
    const std::string name = fmt::format("{}_{}_batch100", report.postgres ? "pgbench" : "bare",
                                         row.workload == "W1" ? "w1" : "w2");
    const Reference* ceiling = find_reference(report, name);
    if (row.connections != 100 || ceiling == nullptr || ceiling->per_second() <= 0) continue;
    out += fmt::format(
        "{} at 100 connections: {:.0f} % of the ceiling, the same rows in batches of 100\n",
        row.workload, 100 * row.per_second / ceiling->per_second());
  }
  return out;
}

std::string single_figures_text(const Report& report) {
  std::string out = "\n";
  if (const auto& start = report.start_up) {
    out += fmt::format("cold start: {:.0f} ms on an empty directory, {:.0f} ms on a used one\n",
                       median(start->fresh_ms), median(start->existing_ms));
    out += fmt::format("idle: {:.1f} MiB, {:.3f} cores\n", start->idle_rss_mib, start->idle_cores);
  }
  if (const auto& accepted = report.acceptance) {
    out += fmt::format("{} executions at once: {} errors, all answered in {:.0f} ms\n",
                       accepted->executions, accepted->errors, accepted->seconds * 1e3);
  }
  if (const auto& asleep = report.sleepers) {
    out += fmt::format(
        "{} runs asleep: {:.1f} MiB (before {:.1f}, peak {:.1f}), {} threads (before {}), {:.3f} "
        "cores; {:.0f} accepted a second\n",
        asleep->waiting, asleep->rss_mib, asleep->rss_before_mib, asleep->peak_rss_mib,
        asleep->threads, asleep->threads_before, asleep->idle_cores, asleep->accepted_per_second);
  }
  return out;
}

std::string schedules_text(const Report& report) {
  if (!report.schedules) return {};
  const Schedules& found = *report.schedules;
  std::string out = fmt::format(
      "\n{} schedules over {} zones: {:.2f} s to start, {:.1f} MiB (peak {:.1f}), {:.4f} cores "
      "when "
      "nothing is due; {:.0f} saved a second\n",
      found.at_rest, found.zones, found.load_seconds, found.rss_mib, found.peak_rss_mib,
      found.idle_cores, found.saved_per_second);
  for (const Burst& burst : found.bursts) {
    out += fmt::format(
        "{} due in one second: {} fired, {} missed; lateness p50 {:.1f}, p99 {:.1f}, max {:.1f} "
        "ms; "
        "the last run began after {:.0f} and ended after {:.0f} ms\n",
        burst.schedules, burst.fired, burst.missed, burst.p50_ms, burst.p99_ms, burst.max_ms,
        burst.last_started_ms, burst.last_finished_ms);
  }
  return out;
}

std::string cron_text(const Report& report) {
  if (!report.cron) return {};
  const CronFigures& found = *report.cron;
  std::string out = fmt::format("\nnext due instant in {}:\n", found.zone);
  for (const CronFigure& figure : found.figures) {
    out += fmt::format("  {:<16}{:>10.0f} ns\n", figure.expression, figure.next_ns);
  }
  return out + fmt::format(
                   "to compare: {:.0f} ns to local time and back; {:.0f} ns minute by minute for "
                   "\"0 7 * * 1-5\"\n",
                   found.conversions_ns, found.minutes_ns);
}

std::string jq_text(const Report& report) {
  if (!report.jq) return {};
  const JqFigures& found = *report.jq;
  std::string out = fmt::format(
      "\njq, microseconds: compile, run on {} bytes, run on {} bytes; each beside libjq's\n",
      found.small_bytes, found.large_bytes);
  for (const JqFigure& f : found.programs) {
    out += fmt::format("{:>8.1f} {:>9.0f} {:>9.2f} {:>9.2f} {:>9.0f} {:>9.0f}  {}\n", f.compile_us,
                       f.libjq_compile_us, f.small_us, f.libjq_small_us, f.large_us,
                       f.libjq_large_us, f.program);
  }
  return out;
}

std::string targets_text(const Report& report) {
  std::string out = fmt::format("\n{:<30}{:<30}{:<36}{}\n", "target", "wanted", "measured", "");
  for (const Target& target : targets(report)) {
    const std::string_view verdict = !target.reached ? "-" : *target.reached ? "ok" : "NOT REACHED";
    out +=
        fmt::format("{:<30}{:<30}{:<36}{}\n", target.name, target.wanted, target.figure, verdict);
  }
  return out;
}

}  // namespace

// Three decimals say all there is, and read better in JSON than the double's own digits.
double rounded(double value) { return std::round(value * 1'000) / 1'000; }

JsonArray rounded(const std::vector<double>& values) {
  JsonArray out;
  for (const double value : values) out.emplace_back(rounded(value));
  return out;
}

double Reference::per_second() const { return median(samples); }

const Reference* find_reference(const Report& report, std::string_view name) {
  for (const Reference& reference : report.references) {
    if (reference.name == name) return &reference;
  }
  return nullptr;
}

Json to_json_value(const Report& report) {
  JsonArray rows;
  for (const Row& row : report.rows) rows.push_back(row_json(row));
  JsonArray references;
  for (const Reference& reference : report.references) {
    references.push_back(JsonObject{{"name", reference.name},
                                    {"what", reference.what},
                                    {"per_second", rounded(reference.per_second())},
                                    {"samples", rounded(reference.samples)}});
  }
  JsonArray faults;
  for (const std::string& fault : report.faults) faults.emplace_back(fault);
  const Machine& machine = report.machine;
  JsonObject out{{"rows", std::move(rows)}, {"references", std::move(references)}};
  if (report.start_up) out["start_up"] = start_up_json(*report.start_up);
  if (report.acceptance) out["acceptance"] = acceptance_json(*report.acceptance);
  if (report.sleepers) out["sleepers"] = sleepers_json(*report.sleepers);
  if (report.schedules) out["schedules"] = schedules_json(*report.schedules);
  if (report.cron) out["cron"] = cron_json(*report.cron);
  if (report.jq) out["jq"] = jq_json(*report.jq);
  out["store"] = report.store;
  add_postgres_json(report, out);
  add_provider_json(report, out);
  out["targets"] = targets_json(report);
  out["faults"] = std::move(faults);
  out["seconds_per_row"] = report.seconds;
  out["machine"] = JsonObject{{"cores", machine.cores},
                              {"kernel", machine.kernel},
                              {"file_system", machine.file_system},
                              {"load_before", rounded(machine.load_before)},
                              {"load_after", rounded(machine.load_after)}};
  return out;
}

std::string to_text(const Report& report) {
  const Machine& machine = report.machine;
  std::string out = fmt::format(
      "Pilot's benchmark: {} cores, Linux {}, data on {}, {:.0f} s a row, load average {:.1f} "
      "before and {:.1f} after\n",
      machine.cores, machine.kernel, machine.file_system, report.seconds, machine.load_before,
      machine.load_after);
  if (!report.rows.empty()) out += rows_text(report);
  if (!report.references.empty()) out += references_text(report);
  out += ceiling_text(report) + single_figures_text(report) + schedules_text(report) +
         cron_text(report) + jq_text(report) + provider_text(report) + postgres_text(report) +
         targets_text(report);
  for (const std::string& fault : report.faults) out += "\nFAULT: " + fault + "\n";
  return out;
}

}  // namespace pilot::bench
