#include "providers_bench.h"

#include "workload_run.h"

namespace pilot::bench {
namespace {

// One part into its place in the report.
template <class Figures, class Measure>
Status part(const Options& options, std::string_view name, std::string_view what,
            std::optional<Figures>& into, Measure measure) {
  if (!options.wants(name)) return ok();
  say(what);
  Result<Figures> found = measure();
  if (!found) return found.error().prefixed(name);
  into = std::move(*found);
  return ok();
}

}  // namespace

Status measure_providers(const Options& options, const std::filesystem::path& dir, Report& report) {
  std::filesystem::create_directories(dir);
  Status done = part(options, "catalogue", "the catalogue", report.catalogue,
                     [&] { return measure_catalogue(options, dir); });
  if (!done) return done;
  done = part(options, "requests", "requests of all examples", report.requests,
              [] { return measure_requests(); });
  if (!done) return done;
  done = part(options, "calls", "a manifest's calls beside those of http", report.calls,
              [&] { return measure_calls(options, dir / "calls"); });
  if (!done) return done;
  done = part(options, "in_flight", "a thousand connections in flight", report.in_flight,
              [&] { return measure_in_flight(options, dir / "in_flight"); });
  if (!done) return done;
  if (const auto& flown = report.in_flight; flown && flown->good != flown->runs) {
    report.faults.push_back(
        fmt::format("in_flight: {} of {} runs ended well", flown->good, flown->runs));
  }
  return part(options, "pages", "a list of ten thousand items in pages", report.pages,
              [&] { return measure_pages(options, dir / "pages"); });
}

}  // namespace pilot::bench
