// The library against the slow oracle on random cases, and over every change of the clocks.
// PILOT_CRON_CASES sets how many cases, PILOT_SEED which.
#include "cron/oracle.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cron/cron.h"
#include "cron/random_rule.h"

namespace pilot::cron {
namespace {

using oracle::kDay;
using oracle::Seconds;

// Zones whose clocks change in some way worth a look: by half an hour, two or three hours or a
// whole day, at midnight, twice a month, rarely, never again.
constexpr std::array<const char*, 39> kZones{
    "Africa/Cairo",        "Africa/Casablanca",   "Africa/Juba",          "Africa/Khartoum",
    "Africa/Sao_Tome",     "Africa/Tripoli",      "Africa/Windhoek",      "America/Asuncion",
    "America/Caracas",     "America/Chicago",     "America/Havana",       "America/Los_Angeles",
    "America/Metlakatla",  "America/Mexico_City", "America/New_York",     "America/Nuuk",
    "America/Santiago",    "America/Sao_Paulo",   "America/Scoresbysund", "America/St_Johns",
    "Antarctica/Casey",    "Antarctica/Troll",    "Asia/Amman",           "Asia/Beirut",
    "Asia/Gaza",           "Asia/Jerusalem",      "Asia/Pyongyang",       "Asia/Tehran",
    "Australia/Lord_Howe", "Australia/Sydney",    "Europe/Berlin",        "Europe/Dublin",
    "Europe/Istanbul",     "Europe/London",       "Europe/Moscow",        "Pacific/Apia",
    "Pacific/Auckland",    "Pacific/Chatham",     "Pacific/Fiji"};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

WallTime wall(Seconds seconds) { return WallTime{std::chrono::seconds{seconds}}; }
Seconds seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}
std::string shown(std::optional<WallTime> time) { return time ? to_rfc3339(*time) : "none"; }

const std::vector<oracle::ZoneTable>& zone_tables() {
  static const std::vector<oracle::ZoneTable> kTables(kZones.begin(), kZones.end());
  return kTables;
}

// One zone in both of its forms.
struct TestZone {
  const oracle::ZoneTable* table;
  std::shared_ptr<const Zone> zone;
};

std::vector<TestZone> test_zones() {
  std::vector<TestZone> out;
  for (const auto& table : zone_tables()) {
    auto zone = find_zone(table.name());
    EXPECT_TRUE(zone.has_value()) << table.name();
    if (zone) out.push_back({&table, *zone});
  }
  return out;
}

struct Tally {
  std::uint64_t cases = 0;
  std::uint64_t near_change = 0;
  std::uint64_t never = 0;
  std::uint64_t beyond = 0;  // not due before the oracle's tables end
};

// The oracle's tables end with 2049.
const Seconds kHorizon = oracle::seconds_of(2049, 1, 1);

class CronOracle : public testing::Test {
 protected:
  CronOracle() : seed_(from_environment("PILOT_SEED", 20'261'126)), random_(seed_) {}

  Seconds random_instant(const oracle::ZoneTable& table) {
    const Seconds first = oracle::seconds_of(2010, 1, 1);
    const Seconds end = oracle::seconds_of(2038, 1, 1);
    const auto& changes = table.changes();
    if (random_() % 2 == 0 && !changes.empty()) {
      const Seconds away = Seconds(random_() % std::uint64_t(4 * kDay)) - 2 * kDay;
      const Seconds at = changes[random_() % changes.size()].at + (random_() % 3 == 0 ? 0 : away);
      if (at >= first && at < end) {
        ++tally_.near_change;
        return at;
      }
    }
    return first + Seconds(random_() % std::uint64_t(end - first));
  }

  bool never_matches(const oracle::Rule& rule) {
    for (Seconds day = oracle::seconds_of(2000, 1, 1); day < oracle::seconds_of(2040, 1, 1);
         day += kDay) {
      const std::chrono::days days{day / kDay};
      if (oracle::date_matches(rule, std::chrono::sys_days{days})) return false;
    }
    return true;
  }

  // "" when the oracle agrees with what the library says comes after `from`.
  std::string compare(oracle::Oracle& slow, Seconds from, std::optional<WallTime> fast) {
    const bool in_sight = fast && seconds_of(*fast) <= kHorizon;
    if (!in_sight) ++tally_.beyond;
    const auto wanted = slow.next(from, in_sight ? seconds_of(*fast) : kHorizon);
    if (wanted == (in_sight ? std::optional(seconds_of(*fast)) : std::nullopt)) return "";
    return wanted ? fmt::format("wanted {}", shown(wall(*wanted))) : "it is not due then";
  }

  // The last due instant before `next` must be due and be followed by `next`.
  std::string compare_last(oracle::Oracle& slow, const Expression& expression, const Zone& zone,
                           DstRule rule, WallTime next) {
    if (last_at_or_before(expression, zone, next, rule) != next) return "last_at_or_before(next)";
    const auto before = last_at_or_before(expression, zone, next - Millis{1}, rule);
    if (!before) return "nothing was due before";
    if (*before >= next || next_after(expression, zone, *before, rule) != next)
      return "not the last";
    const bool known = seconds_of(*before) > oracle::seconds_of(2009, 2, 1);
    return !known || slow.is_due(seconds_of(*before)) ? "" : "the last one is not due";
  }

  void one_case(const TestZone& zone) {
    ++tally_.cases;
    const oracle::Rule rule = oracle::RandomRule(random_).make();
    const Seconds from = random_instant(*zone.table);
    const DstRule dst = random_() % 2 == 0 ? DstRule::vixie : DstRule::literal;
    const auto parsed =
        parse(rule.text(), rule.apscheduler ? Dialect::apscheduler : Dialect::crontab);
    if (!parsed) {
      ++tally_.never;
      ASSERT_EQ(parsed.error().code, "never_fires") << rule.text() << parsed.error().message;
      ASSERT_TRUE(never_matches(rule)) << rule.text();
      return;
    }
    oracle::Oracle slow(rule, *zone.table, dst == DstRule::vixie);
    const auto next = next_after(**parsed, *zone.zone, wall(from), dst);
    std::string difference = compare(slow, from, next);
    if (difference.empty() && next && tally_.cases % 8 == 0) {
      difference = compare_last(slow, **parsed, *zone.zone, dst, *next);
    }
    ASSERT_EQ(difference, "") << fmt::format(
        "\"{}\" {} {} {} after {}: {} (seed {}, case {})", rule.text(),
        rule.apscheduler ? "apscheduler" : "crontab", zone.table->name(), to_string(dst),
        shown(wall(from)), shown(next), seed_, tally_.cases);
  }

  std::uint64_t seed_;
  std::mt19937_64 random_;
  Tally tally_;
};

TEST_F(CronOracle, AgreesOnRandomCases) {
  const std::uint64_t cases = from_environment("PILOT_CRON_CASES", 3'000);
  const std::vector<TestZone> zones = test_zones();
  while (tally_.cases < cases && !HasFatalFailure()) one_case(zones[random_() % zones.size()]);
  fmt::print(
      "{} cases (seed {}): {} near a change of the clocks, {} that never fire, {} not due "
      "before 2049\n",
      tally_.cases, seed_, tally_.near_change, tally_.never, tally_.beyond);
}

// Rules that have something to say around any change of the clocks.
std::vector<oracle::Rule> rules_around(const oracle::Change& change, std::mt19937_64& random) {
  using oracle::Part;
  const auto number = [](Seconds value) {
    return oracle::Field{
        std::to_string(value),
        {Part{.kind = Part::Kind::range, .first = int(value), .last = int(value)}}};
  };
  const oracle::Field every{"*", {Part{}}};
  const auto daily = [&](const oracle::Field& minute, const oracle::Field& hour) {
    return oracle::Rule{.fields = {number(0), minute, hour, every, every, every}};
  };
  const Seconds first = change.at + std::min(change.before, change.after);
  const Seconds span = std::abs(change.after - change.before) / 60;
  std::vector<oracle::Rule> rules{
      daily(every, every),
      daily(number(30), every),
      daily(number(0), {"*/2", {Part{.step = 2}}}),
      daily(number(30), {"0-23", {Part{.kind = Part::Kind::range, .last = 23}}}),
      daily(number(30), {"0-5", {Part{.kind = Part::Kind::range, .last = 5}}}),
      daily({"*/20", {Part{.step = 20}}}, {"*/3", {Part{.step = 3}}})};
  // The first minute that is skipped or repeated, the one before, the last, the one after, and one
  // in between.
  for (const Seconds minute : {Seconds{0}, Seconds{-1}, span - 1, span, Seconds(random()) % span}) {
    const Seconds local = (first + minute * 60) % kDay;
    rules.push_back(daily(number(local / 60 % 60), number(local / 3'600)));
    rules.push_back(daily({"*/10", {Part{.step = 10}}}, number(local / 3'600)));
  }
  return rules;
}

TEST_F(CronOracle, AgreesAroundEveryChangeOfTheClocks) {
  std::uint64_t changes = 0, instants = 0;
  for (const TestZone& zone : test_zones()) {
    std::uint64_t of_zone = 0;
    for (const oracle::Change& change : zone.table->changes()) {
      if (change.at < oracle::seconds_of(2010, 1, 1)) continue;
      if (change.at >= oracle::seconds_of(2038, 1, 1)) break;
      ++of_zone;
      const Seconds around = std::abs(change.after - change.before) + 2 * 3'600;
      for (const oracle::Rule& rule : rules_around(change, random_)) {
        const auto parsed = parse(rule.text());
        ASSERT_TRUE(parsed.has_value()) << rule.text();
        for (const DstRule dst : {DstRule::vixie, DstRule::literal}) {
          oracle::Oracle slow(rule, *zone.table, dst == DstRule::vixie);
          Seconds at = change.at - around;
          for (const Seconds end = change.at + around; at < end; ++instants) {
            const auto fast = next_after(**parsed, *zone.zone, wall(at), dst);
            ASSERT_TRUE(fast.has_value());
            const auto wanted = slow.next(at, std::min(seconds_of(*fast), end));
            const auto seen =
                seconds_of(*fast) <= end ? std::optional(seconds_of(*fast)) : std::nullopt;
            ASSERT_EQ(wanted, seen)
                << fmt::format("\"{}\" {} {} after {}: {}", rule.text(), zone.table->name(),
                               to_string(dst), shown(wall(at)), shown(fast));
            at = seconds_of(*fast);
          }
        }
      }
    }
    EXPECT_GT(of_zone, 0u) << zone.table->name() << " has no change to test";
    changes += of_zone;
  }
  fmt::print("{} changes of {} zones, {} due instants\n", changes, kZones.size(), instants);
}

}  // namespace
}  // namespace pilot::cron
