// The targets of a benchmark on PostgreSQL.
#include <fmt/format.h>

#include <algorithm>

#include "load_client.h"
#include "report.h"

namespace pilot::bench {
namespace {

std::optional<double> p99_at(const Report& report, std::string_view workload, int connections) {
  for (const Row& row : report.rows) {
    if (row.workload == workload && row.connections == connections) return row.p99_ms;
  }
  return std::nullopt;
}

std::optional<double> slowest_page(const Report& report) {
  std::optional<double> slowest;
  if (!report.list) return slowest;
  for (const ListPage& page : report.list->pages) {
    slowest = std::max(slowest.value_or(0), page.p99_ms);
  }
  return slowest;
}

std::optional<double> cost_of_key(const Report& report) {
  if (!report.auth) return std::nullopt;
  return median(report.auth->key_us) - median(report.auth->open_us);
}

Target two_nodes(const Report& report) {
  Target out{"two nodes on one queue", ">= 1 x one node", "not measured", std::nullopt};
  if (!report.nodes) return out;
  const double one = median(report.nodes->per_second_of(1));
  const double two = median(report.nodes->per_second_of(2));
  if (one <= 0) return out;
  out.figure = fmt::format("{:.2f} x ({:.0f}/s against {:.0f}/s)", two / one, two, one);
  out.reached = two >= one;
  return out;
}

}  // namespace

std::vector<double> NodesFigures::per_second_of(int nodes) const {
  std::vector<double> found;
  for (const QueueRun& round : rounds) {
    if (round.nodes == nodes) found.push_back(round.per_second);
  }
  return found;
}

std::vector<Target> postgres_targets(const Report& report) {
  return {against(report, "W2", "pgbench_w2_one_100", 1, "pgbench, one statement"),
          against(report, "W1", "pgbench_w1_several_100", 0.8, "pgbench, several"),
          below("W2 at 16 connections, p99", "ms", 15, p99_at(report, "W2", 16)),
          accepted_all(report),
          below("list beside other rows, p99", "ms", 50, slowest_page(report)),
          two_nodes(report),
          below("CPU of an API key's check", "us", 20, cost_of_key(report))};
}

}  // namespace pilot::bench
