// What parse() makes: per field the items as they were written (for words and text) and the set of
// matching values as bits (for search). Inside cron/ only; immutable once parsed.
//
// Weekdays are counted as in crontab, Sunday 0 or 7, whatever the dialect: "apscheduler" writes
// them one lower.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "cron/cron.h"

namespace pilot::cron {

enum class FieldKind { second, minute, hour, day, month, weekday };
inline constexpr std::size_t kFields = 6;

// One part of a comma-separated list.
struct Item {
  enum class Kind {
    every,     // * or */step; `?` is the same
    range,     // first-last/step; one value is a range of one
    last_day,  // day: L or L-back
    workday,   // day: 15W (first), LW or L-backW (first is 0): the nearest Monday to Friday
    nth,       // fri#3: the `nth` `first`-day of the month
    last_nth,  // friL: the last `first`-day of the month
  };
  Kind kind = Kind::every;
  int first = 0;
  int last = 0;
  int step = 1;
  int back = 0;  // days before the last of the month
  int nth = 0;

  bool is_set() const { return kind == Kind::every || kind == Kind::range; }
};

struct Field {
  std::vector<Item> items;
  std::uint64_t bits = 0;      // of the items that are plain sets; weekdays 0 ... 6, Sunday 0
  std::vector<Item> specials;  // the others: they depend on the month
  bool star = false;           // begins with * or ?: not "restricted", as cron has it
};

class Expression {
 public:
  const Field& field(FieldKind kind) const { return fields[static_cast<std::size_t>(kind)]; }
  Field& field(FieldKind kind) { return fields[static_cast<std::size_t>(kind)]; }

  Dialect dialect = Dialect::crontab;
  bool has_seconds = false;  // six fields
  std::array<Field, kFields> fields;
  bool either_day = false;  // a day matches by day OR weekday, not by both
  bool runs_on = false;     // wildcard or step hours: goes on by elapsed time under DstRule::vixie
};

// The values that a field may have, as they are counted inside (see above).
struct Bounds {
  int low;
  int high;
};
Bounds bounds(FieldKind kind, Dialect dialect);
std::string_view to_string(FieldKind kind);

}  // namespace pilot::cron
