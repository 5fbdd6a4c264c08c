// What providers cost: building requests, loading the catalogue, calls by a manifest beside calls
// by `http`, a thousand connections in flight, a list of ten thousand items in pages.
#pragma once

#include "options.h"
#include "report.h"

namespace pilot::bench {

// Those parts that the options want; each server in a directory of its own below `dir`.
Status measure_providers(const Options& options, const std::filesystem::path& dir, Report& report);

// The same, one by one.
Result<RequestFigures> measure_requests();
Result<CatalogueFigures> measure_catalogue(const Options& options,
                                           const std::filesystem::path& dir);
Result<CallFigures> measure_calls(const Options& options, const std::filesystem::path& dir);
Result<InFlight> measure_in_flight(const Options& options, const std::filesystem::path& dir);
Result<PageFigures> measure_pages(const Options& options, const std::filesystem::path& dir);

}  // namespace pilot::bench
