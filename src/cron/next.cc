// The due instants of an expression in a zone: the calendar's matches (match.cc) laid over the
// zone's changes of the clocks.
//
// A search goes along local time. Where the clocks go forward, local times are skipped; where they
// go back, some come twice. Only one such change can matter before the match that is found: one
// that takes the clock back to before where the search began. All others, and what lies in them,
// come after the match or are without one.
#include <algorithm>

#include "cron/match.h"
#include "cron/zone.h"

namespace pilot::cron {
namespace {

using std::chrono::seconds;
using Second = std::chrono::sys_seconds;

const Second kFirst = std::chrono::sys_days{std::chrono::year{kFirstYear} / 1 / 1};
const Second kLast = std::chrono::sys_days{std::chrono::year{kLastYear + 1} / 1 / 1};

absl::Time to_absl(Second time) { return absl::FromUnixSeconds(time.time_since_epoch().count()); }
Second from_absl(absl::Time time) { return Second{seconds{absl::ToUnixSeconds(time)}}; }

class Search {
 public:
  Search(const Expression& expression, const Zone& zone, DstRule rule)
      : expression_(expression),
        rules_(zone.rules()),
        fixed_(rule == DstRule::vixie && !expression.runs_on) {}

  std::optional<Second> after(Second start) const {
    // In the local time of `start`, so that a gap that begins right after it is seen.
    const absl::CivilSecond from = rules_.At(to_absl(start)).cs + 1;
    for (absl::CivilSecond at = from;;) {
      const auto match = next_match(expression_, at);
      if (!match) break;
      const absl::TimeZone::TimeInfo found = rules_.At(*match);
      const auto instant = instant_of(found, start);
      if (instant) {
        return fixed_ ? *instant : std::min(*instant, second_pass(start, from, *instant));
      }
      at = behind(*match, found);
    }
    const Second none = Second::max();
    const Second last = fixed_ ? none : second_pass(start, from, none);
    return last == none ? std::nullopt : std::optional(last);
  }

 private:
  // Where to go on when nothing is due at `match`: behind the gap or the repeated time it lies in.
  absl::CivilSecond behind(const absl::CivilSecond& match,
                           const absl::TimeZone::TimeInfo& found) const {
    if (found.kind == absl::TimeZone::TimeInfo::UNIQUE) return match + 1;
    if (found.kind == absl::TimeZone::TimeInfo::SKIPPED) return rules_.At(found.trans).cs;
    return rules_.At(found.trans - absl::Seconds(1)).cs + 1;
  }

  // When a matching local time is due; none: not at all, or not after `start`.
  std::optional<Second> instant_of(const absl::TimeZone::TimeInfo& found, Second start) const {
    if (found.kind == absl::TimeZone::TimeInfo::SKIPPED) {
      if (!fixed_) return std::nullopt;
      return later(from_absl(found.trans), start);
    }
    const auto first = later(from_absl(found.pre), start);
    if (first || fixed_ || found.kind == absl::TimeZone::TimeInfo::UNIQUE) return first;
    return later(from_absl(found.post), start);
  }

  static std::optional<Second> later(Second instant, Second start) {
    return instant > start ? std::optional(instant) : std::nullopt;
  }

  // The next change of the clocks may go back to before `from`: what matches in the local times
  // that are passed a second time comes before what matches beyond them.
  Second second_pass(Second start, const absl::CivilSecond& from, Second found) const {
    absl::TimeZone::CivilTransition change;
    if (!rules_.NextTransition(to_absl(start), &change) || change.to >= from) return found;
    const auto match = next_match(expression_, change.to);
    if (!match || *match >= from) return found;
    const Second begins = from_absl(rules_.At(change.to).trans);
    return begins + seconds{*match - change.to};
  }

  const Expression& expression_;
  const absl::TimeZone& rules_;
  bool fixed_;  // under Vixie's rule for times that are named
};

}  // namespace

std::optional<WallTime> next_after(const Expression& expression, const Zone& zone, WallTime after,
                                   DstRule rule) {
  if (after >= kLast) return std::nullopt;
  const Second start = std::max(std::chrono::floor<seconds>(after), kFirst - seconds{1});
  return Search(expression, zone, rule).after(start);
}

// Looks at ever longer spans that end with `instant` until one holds a due instant; then halves the
// span in which the last one lies.
std::optional<WallTime> last_at_or_before(const Expression& expression, const Zone& zone,
                                          WallTime instant, DstRule rule) {
  const Search search(expression, zone, rule);
  const Second at = std::min(std::chrono::floor<seconds>(instant), kLast);
  std::optional<Second> last;
  Second none_after = at;  // no due instant lies in (none_after, at]
  for (seconds span{1}; !last && none_after >= kFirst; span *= 2) {
    const Second start = std::max(at - span, kFirst - seconds{1});
    last = search.after(start);
    if (last && *last > at) last.reset();
    if (!last) none_after = start;
  }
  while (last && none_after > *last) {
    const Second middle = *last + (none_after - *last) / 2;
    const auto next = search.after(middle);
    if (next && *next <= none_after) {
      last = next;
    } else {
      none_after = middle;
    }
  }
  if (!last) return std::nullopt;
  return *last;
}

}  // namespace pilot::cron
