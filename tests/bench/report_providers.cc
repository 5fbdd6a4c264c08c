// What providers cost, in the report.
#include <fmt/format.h>

#include "load_client.h"
#include "report.h"

namespace pilot::bench {
namespace {

double over_http(const CallFigures& found) {
  const double http = median(found.http_us);
  return http > 0 ? 100 * (median(found.manifest_us) / http - 1) : 0;
}

JsonObject requests_json(const RequestFigures& found) {
  JsonArray shown;
  for (const RequestFigure& figure : found.shown) {
    shown.push_back(JsonObject{{"what", figure.what},
                               {"build_us", rounded(figure.build_us)},
                               {"json_us", rounded(figure.json_us)},
                               {"hash_us", rounded(figure.hash_us)}});
  }
  return {{"shown", std::move(shown)},
          {"examples", found.examples},
          {"median_us", rounded(found.median_us)},
          {"p90_us", rounded(found.p90_us)},
          {"p99_us", rounded(found.p99_us)}};
}

JsonObject catalogue_json(const CatalogueFigures& found) {
  return {{"providers", found.providers},
          {"actions", found.actions},
          {"register_ms", rounded(found.register_ms)},
          {"make_ms", rounded(found.make_ms)},
          {"heap_mib", rounded(found.heap_mib)},
          {"list_ms", rounded(found.list_ms)}};
}

JsonObject in_flight_json(const InFlight& found) {
  return {{"runs", found.runs},
          {"tokens", found.tokens},
          {"together", found.together},
          {"good", found.good},
          {"all_there_seconds", rounded(found.all_there_seconds)},
          {"ended_seconds", rounded(found.ended_seconds)},
          {"cpu_seconds", rounded(found.cpu_seconds)},
          {"rss_before_mib", rounded(found.rss_before_mib)},
          {"rss_mib", rounded(found.rss_mib)},
          {"peak_rss_mib", rounded(found.peak_rss_mib)}};
}

JsonObject pages_json(const PageFigures& found) {
  return {{"items", found.items},
          {"pages", found.pages},
          {"bytes", found.bytes},
          {"seconds", rounded(found.seconds)},
          {"rss_before_mib", rounded(found.rss_before_mib)},
          {"peak_rss_mib", rounded(found.peak_rss_mib)}};
}

std::string requests_text(const RequestFigures& found) {
  std::string out =
      "\nbuilding a request, microseconds; beside it the params to JSON and one SHA-256 of it\n";
  for (const RequestFigure& figure : found.shown) {
    out += fmt::format("{:>8.2f} {:>8.2f} {:>8.2f}  {}\n", figure.build_us, figure.json_us,
                       figure.hash_us, figure.what);
  }
  return out + fmt::format("{} examples of the catalogue: median {:.2f}, p90 {:.2f}, p99 {:.1f}\n",
                           found.examples, found.median_us, found.p90_us, found.p99_us);
}

}  // namespace

void add_provider_json(const Report& report, JsonObject& out) {
  if (report.requests) out["requests"] = requests_json(*report.requests);
  if (report.catalogue) out["catalogue"] = catalogue_json(*report.catalogue);
  if (report.calls) {
    out["calls"] = JsonObject{{"manifest_us", rounded(report.calls->manifest_us)},
                              {"http_us", rounded(report.calls->http_us)},
                              {"over_http_percent", rounded(over_http(*report.calls))}};
  }
  if (report.in_flight) out["in_flight"] = in_flight_json(*report.in_flight);
  if (report.pages) out["pages"] = pages_json(*report.pages);
}

std::string provider_text(const Report& report) {
  std::string out;
  if (report.requests) out += requests_text(*report.requests);
  if (const auto& found = report.catalogue) {
    out += fmt::format(
        "\n{} providers, {} actions: {:.2f} ms of CPU to register, {:.1f} ms to make all, {:.1f} "
        "MiB; "
        "`pilot providers list` {:.0f} ms\n",
        found->providers, found->actions, found->register_ms, found->make_ms, found->heap_mib,
        found->list_ms);
  }
  if (const auto& found = report.calls) {
    out += fmt::format("\na GET by a manifest: {:.0f} us of CPU, by http: {:.0f} us ({:+.1f} %)\n",
                       median(found->manifest_us), median(found->http_us), over_http(*found));
  }
  if (const auto& found = report.in_flight) {
    out += fmt::format(
        "\n{} runs, each with a connection of its own, {} held at once by the vendor, which saw {} "
        "tokens: all there after {:.2f} s, ended {:.2f} s after the answers, {} well; {:.2f} s of "
        "CPU, {:.1f} MiB (before {:.1f}, peak {:.1f})\n",
        found->runs, found->together, found->tokens, found->all_there_seconds, found->ended_seconds,
        found->good, found->cpu_seconds, found->rss_mib, found->rss_before_mib,
        found->peak_rss_mib);
  }
  if (const auto& found = report.pages) {
    out += fmt::format(
        "\n{} items in {} pages, {:.1f} MiB: {:.2f} s, {:.1f} MiB at most (idle {:.1f})\n",
        found->items, found->pages, static_cast<double>(found->bytes) / (1 << 20), found->seconds,
        found->peak_rss_mib, found->rss_before_mib);
  }
  return out;
}

void add_provider_targets(const Report& report, std::vector<Target>& all) {
  using Figure = std::optional<double>;
  const auto& requests = report.requests;
  const auto& catalogue = report.catalogue;
  const auto& pages = report.pages;
  all.push_back(below("building a request, median", "us", 10,
                      requests ? Figure(requests->median_us) : std::nullopt));
  all.push_back(below("a manifest's call over http's", "% CPU", 15,
                      report.calls ? Figure(over_http(*report.calls)) : std::nullopt));
  all.push_back(
      below("the catalogue made: time", "ms of CPU", 50,
            catalogue ? Figure(catalogue->register_ms + catalogue->make_ms) : std::nullopt));
  all.push_back(below("the catalogue made: memory", "MiB", 15,
                      catalogue ? Figure(catalogue->heap_mib) : std::nullopt));
  if (const auto& found = report.in_flight) {
    all.push_back(
        {"1,000 connections in flight", "all at once, all well",
         fmt::format("{} at once, {} tokens, {} well", found->together, found->tokens, found->good),
         found->together == found->runs && found->tokens == found->runs &&
             found->good == found->runs});
  } else {
    all.push_back({"1,000 connections in flight", "all at once, all well", "not measured", {}});
  }
  all.push_back(below("10,000 items in pages: memory", "MiB", 20,
                      pages ? Figure(pages->peak_rss_mib - pages->rss_before_mib) : std::nullopt));
}

}  // namespace pilot::bench
