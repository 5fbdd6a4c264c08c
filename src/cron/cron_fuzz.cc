// Fuzzes expressions. Properties: no crash, no hang; what is refused says why in
// plain text; a due instant is after the moment asked for, is the last one at itself, and none lies
// between; the expression written out and parsed again is the same.
//
// The first bytes choose the dialect, the rule, the zone and the moment; the rest is the text.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/assert.h"
#include "base/json.h"
#include "cron/cron.h"

namespace {

using namespace pilot;
using namespace pilot::cron;

constexpr std::size_t kChoices = 9;

const Zone& zone_at(std::size_t index) {
  constexpr std::array<const char*, 6> kNames{
      "UTC",          "Europe/Berlin",       "America/Havana",
      "Pacific/Apia", "Australia/Lord_Howe", "Antarctica/Troll"};
  static const auto kZones = [&] {
    std::array<std::shared_ptr<const Zone>, kNames.size()> zones;
    for (std::size_t i = 0; i < kNames.size(); ++i) zones.at(i) = *find_zone(kNames.at(i));
    return zones;
  }();
  return *kZones.at(index % kNames.size());
}

void check_refusal(const Error& error) {
  PILOT_ASSERT(error.code == "invalid_cron" || error.code == "never_fires");
  PILOT_ASSERT(!error.message.empty() && error.message.size() < 500);
  PILOT_ASSERT(is_valid_utf8(error.message) && is_valid_utf8(error.pointer));
}

void check_instants(const Expression& expression, const Zone& zone, WallTime from, DstRule rule) {
  const auto first = next_after(expression, zone, from, rule);
  if (!first) return;
  PILOT_ASSERT(*first > from);
  PILOT_ASSERT(last_at_or_before(expression, zone, *first, rule) == first);
  PILOT_ASSERT(next_after(expression, zone, from + (*first - from) / 2, rule) == first);
  const auto second = next_after(expression, zone, *first, rule);
  if (!second) return;
  PILOT_ASSERT(*second > *first);
  PILOT_ASSERT(last_at_or_before(expression, zone, *second - Millis{1}, rule) == first);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < kChoices) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + kChoices, size - kChoices);
  const Dialect dialect = (bytes[0] & 1) != 0 ? Dialect::apscheduler : Dialect::crontab;
  const DstRule rule = (bytes[0] & 2) != 0 ? DstRule::literal : DstRule::vixie;
  std::int64_t seconds = 0;
  std::memcpy(&seconds, bytes + 1, sizeof seconds);
  const WallTime from{std::chrono::seconds{seconds % 10'000'000'000}};  // 1653 to 2286
  const auto expression = parse(text, dialect);
  if (!expression) {
    check_refusal(expression.error());
    return 0;
  }
  const std::string written = to_text(**expression);
  const auto again = parse(written, dialect);
  PILOT_ASSERT(again.has_value() && to_text(**again) == written);
  const std::string words = explain(**expression);
  PILOT_ASSERT(!words.empty() && words == explain(**again));
  const Zone& zone = zone_at(bytes[0] >> 2);
  PILOT_ASSERT(next_after(**expression, zone, from, rule) == next_after(**again, zone, from, rule));
  check_instants(**expression, zone, from, rule);
  return 0;
}
