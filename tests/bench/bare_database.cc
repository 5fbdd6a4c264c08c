#include "bare_database.h"

#include <fmt/format.h>

#include "base/log.h"
#include "store/sqlite/bare_rows.h"

namespace pilot::bench {
namespace {

Reference& reference(std::vector<Reference>& references, const std::string& name) {
  for (Reference& known : references) {
    if (known.name == name) return known;
  }
  return references.emplace_back(Reference{.name = name, .what = {}, .samples = {}});
}

}  // namespace

Status BareDatabase::sample(double seconds, std::vector<Reference>& references) {
  Log log(LogLevel::off);
  const auto each = std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1'000)};
  const auto rates = store::sqlite::measure_bare_rows(file_, each, log);
  if (!rates) return rates.error().prefixed("the bare database");
  for (const store::sqlite::BareRate& rate : *rates) {
    const bool single = rate.batch == 1;
    Reference& known =
        reference(references, fmt::format("bare_{}_{}", rate.workload == "W1" ? "w1" : "w2",
                                          single ? "single" : fmt::format("batch{}", rate.batch)));
    known.what = fmt::format("SQLite alone with the rows of {}, {}", rate.workload,
                             single ? std::string("one execution at a time")
                                    : fmt::format("{} executions at a time", rate.batch));
    known.samples.push_back(rate.per_second);
  }
  return ok();
}

}  // namespace pilot::bench
