// The words of the interface, and an expression as text. The work: parse.cc, match.cc, next.cc.
#include "cron/cron.h"

#include <fmt/format.h>

#include "cron/expression.h"
#include "cron/names.h"

namespace pilot::cron {

std::string_view to_string(Dialect dialect) {
  return dialect == Dialect::crontab ? "crontab" : "apscheduler";
}

std::optional<Dialect> dialect_from(std::string_view text) {
  if (text == "crontab") return Dialect::crontab;
  if (text == "apscheduler") return Dialect::apscheduler;
  return std::nullopt;
}

std::string_view to_string(DstRule rule) { return rule == DstRule::vixie ? "vixie" : "literal"; }

std::optional<DstRule> dst_rule_from(std::string_view text) {
  if (text == "vixie") return DstRule::vixie;
  if (text == "literal") return DstRule::literal;
  return std::nullopt;
}

std::string_view to_string(FieldKind kind) {
  constexpr std::array<std::string_view, kFields> kNames{"second", "minute", "hour",
                                                         "day",    "month",  "weekday"};
  return kNames.at(static_cast<std::size_t>(kind));
}

Bounds bounds(FieldKind kind, Dialect dialect) {
  switch (kind) {
    case FieldKind::second:
    case FieldKind::minute:
      return {0, 59};
    case FieldKind::hour:
      return {0, 23};
    case FieldKind::day:
      return {1, 31};
    case FieldKind::month:
      return {1, 12};
    case FieldKind::weekday:
      break;
  }
  return dialect == Dialect::crontab ? Bounds{0, 6} : Bounds{1, 7};
}

namespace {

std::string item_text(const Item& item, FieldKind kind, Dialect dialect) {
  const auto value = [&](int inside) { return inside - written_shift(kind, dialect); };
  const std::string step = item.step > 1 ? fmt::format("/{}", item.step) : "";
  const std::string l = item.back > 0 ? fmt::format("L-{}", item.back) : "L";
  switch (item.kind) {
    case Item::Kind::every:
      return "*" + step;
    case Item::Kind::range:
      if (item.first == item.last) return fmt::format("{}", value(item.first));
      return fmt::format("{}-{}{}", value(item.first), value(item.last), step);
    case Item::Kind::last_day:
      return l;
    case Item::Kind::workday:
      return (item.first != 0 ? fmt::format("{}", item.first) : l) + "W";
    case Item::Kind::nth:
      if (kind == FieldKind::day) {
        return fmt::format("{} {}", ordinal(item.nth), short_weekday(item.first));
      }
      return fmt::format("{}#{}", value(item.first), item.nth);
    case Item::Kind::last_nth:
      if (kind == FieldKind::day) return fmt::format("last {}", short_weekday(item.first));
      return fmt::format("{}L", value(item.first));
  }
  return "*";
}

}  // namespace

std::string to_text(const Expression& expression) {
  std::string out;
  for (std::size_t i = expression.has_seconds ? 0 : 1; i < kFields; ++i) {
    const auto kind = static_cast<FieldKind>(i);
    if (!out.empty()) out += ' ';
    bool first = true;
    for (const Item& item : expression.field(kind).items) {
      if (!first) out += ',';
      first = false;
      out += item_text(item, kind, expression.dialect);
    }
  }
  return out;
}

}  // namespace pilot::cron
