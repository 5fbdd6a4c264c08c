#include "cron_bench.h"

#include <absl/time/time.h>

#include <array>
#include <chrono>

#include "cron/cron.h"
#include "cron/oracle.h"
#include "load_client.h"

namespace pilot::bench {
namespace {

constexpr const char* kZone = "Europe/Berlin";
constexpr std::array<const char*, 5> kOrdinary{"*/15 * * * *", "0 7 * * 1-5", "30 2 * * *",
                                               "0 0 1 * *", "0 9 * * fri#3"};
constexpr int kRounds = 9;
constexpr int kCalls = 20'000;
constexpr int kSlowCalls = 50;

WallTime first_moment() { return *parse_rfc3339("2026-01-01T00:00:00Z"); }

// The median of some rounds, in nanoseconds a call.
template <class Call>
double nanoseconds(int calls, Call call) {
  std::vector<double> rounds;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) call();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    rounds.push_back(took.count() / calls);
  }
  return median(rounds);
}

// One due instant after the other, ten years and then again.
CronFigure measure_expression(const char* text, const cron::Expression& expression,
                              const cron::Zone& zone) {
  const WallTime end = first_moment() + std::chrono::years{10};
  WallTime at = first_moment();
  const double next_ns = nanoseconds(kCalls, [&] {
    const auto next = cron::next_after(expression, zone, at);
    at = next && *next < end ? *next : first_moment();
  });
  return {.expression = text, .next_ns = next_ns};
}

// What no search can do without: an instant to local time, and that back to an instant.
double measure_conversions(const absl::TimeZone& zone) {
  absl::Time at = absl::FromUnixSeconds(to_unix_micros(first_moment()) / 1'000'000);
  return nanoseconds(kCalls, [&] { at = zone.At(zone.At(at).cs + 61).pre; });
}

// Minute by minute, as the tests' oracle goes: "0 7 * * 1-5".
double measure_minutes() {
  using namespace cron::oracle;
  const ZoneTable table(kZone);
  const auto range = [](int first, int last) {
    return Part{.kind = Part::Kind::range, .first = first, .last = last};
  };
  const Field every{"*", {Part{}}};
  const Rule rule{.fields = {Field{"0", {range(0, 0)}}, Field{"0", {range(0, 0)}},
                             Field{"7", {range(7, 7)}}, every, every, Field{"1-5", {range(1, 5)}}}};
  Oracle oracle(rule, table, true);
  Seconds at = to_unix_micros(first_moment()) / 1'000'000;
  return nanoseconds(kSlowCalls, [&] { at = *oracle.next(at, at + 8 * kDay); });
}

}  // namespace

Result<CronFigures> measure_cron() {
  const auto zone = cron::find_zone(kZone);
  if (!zone) return zone.error();
  absl::TimeZone rules;
  if (!absl::LoadTimeZone(kZone, &rules)) return internal_error("cannot load the zone");
  CronFigures out{.zone = kZone};
  for (const char* text : kOrdinary) {
    const auto expression = cron::parse(text);
    if (!expression) return expression.error();
    out.figures.push_back(measure_expression(text, **expression, **zone));
  }
  out.conversions_ns = measure_conversions(rules);
  out.minutes_ns = measure_minutes();
  return out;
}

}  // namespace pilot::bench
