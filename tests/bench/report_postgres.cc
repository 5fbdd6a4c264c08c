// The parts of the report that only a benchmark on PostgreSQL, or of API keys, has.
#include <fmt/format.h>

#include "load_client.h"
#include "report.h"

namespace pilot::bench {
namespace {

JsonObject list_json(const ListFigures& found) {
  JsonArray pages;
  for (const ListPage& page : found.pages) {
    pages.push_back(JsonObject{{"what", page.what},
                               {"calls", page.calls},
                               {"found", page.found},
                               {"p50_ms", rounded(page.p50_ms)},
                               {"p99_ms", rounded(page.p99_ms)},
                               {"max_ms", rounded(page.max_ms)}});
  }
  return {{"rows", found.rows},
          {"tenants", found.tenants},
          {"months", found.months},
          {"load_seconds", rounded(found.load_seconds)},
          {"settle_seconds", rounded(found.settle_seconds)},
          {"table_mib", rounded(found.table_mib)},
          {"pages", std::move(pages)},
          {"plan", found.plan}};
}

JsonObject nodes_json(const NodesFigures& found) {
  return {{"runs", found.runs},
          {"one_node_per_second", rounded(found.per_second_of(1))},
          {"two_nodes_per_second", rounded(found.per_second_of(2))}};
}

JsonObject auth_json(const AuthFigures& found) {
  return {{"open_us", rounded(found.open_us)},
          {"key_us", rounded(found.key_us)},
          {"open_per_second", rounded(found.open_per_second)},
          {"key_per_second", rounded(found.key_per_second)}};
}

std::string list_text(const ListFigures& found) {
  std::string out = fmt::format(
      "\n{} runs of {} tenants over {} months: loaded by COPY in {:.0f} s ({:.0f} a second), "
      "settled in {:.0f} s, {:.0f} MiB with indexes\n",
      found.rows, found.tenants, found.months, found.load_seconds,
      static_cast<double>(found.rows) / std::max(found.load_seconds, 1e-3), found.settle_seconds,
      found.table_mib);
  for (const ListPage& page : found.pages) {
    out += fmt::format("  {:<52} p50 {:.2f}, p99 {:.2f}, max {:.1f} ms ({} runs, {} calls)\n",
                       page.what, page.p50_ms, page.p99_ms, page.max_ms, page.found, page.calls);
  }
  return out + found.plan;
}

std::string joined(const std::vector<double>& values, std::string_view form) {
  std::string out;
  for (const double value : values) out += fmt::format(fmt::runtime(form), value) + " ";
  return out;
}

}  // namespace

void add_postgres_json(const Report& report, JsonObject& out) {
  if (const auto& postgres = report.postgres) {
    out["postgres"] = JsonObject{{"version", postgres->version},
                                 {"fsync", postgres->fsync},
                                 {"synchronous_commit", postgres->synchronous_commit},
                                 {"shared_buffers", postgres->shared_buffers}};
  }
  if (report.list) out["list"] = list_json(*report.list);
  if (report.nodes) out["nodes"] = nodes_json(*report.nodes);
  if (report.auth) out["auth"] = auth_json(*report.auth);
}

std::string postgres_text(const Report& report) {
  std::string out;
  if (const auto& postgres = report.postgres) {
    out += fmt::format("PostgreSQL {}: fsync {}, synchronous_commit {}, shared_buffers {}\n",
                       postgres->version, postgres->fsync, postgres->synchronous_commit,
                       postgres->shared_buffers);
  }
  if (report.list) out += list_text(*report.list);
  if (const auto& nodes = report.nodes) {
    out += fmt::format("\na queue of {} runs, a second: one node {}, two nodes {}\n", nodes->runs,
                       joined(nodes->per_second_of(1), "{:.0f}"),
                       joined(nodes->per_second_of(2), "{:.0f}"));
  }
  if (const auto& auth = report.auth) {
    out += fmt::format(
        "\nGET /api/plans, CPU of the server: {:.1f} us without, {:.1f} us with an API key "
        "(rounds: {}and {})\n",
        median(auth->open_us), median(auth->key_us), joined(auth->open_us, "{:.1f}"),
        joined(auth->key_us, "{:.1f}"));
  }
  return out;
}

}  // namespace pilot::bench
