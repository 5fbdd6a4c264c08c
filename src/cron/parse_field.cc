#include "cron/parse_field.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.h"
#include "cron/names.h"

namespace pilot::cron {
namespace {

constexpr std::size_t kDigits = 4;  // more cannot be a value of any field
constexpr std::size_t kShown = 40;  // bytes of the user's text in a message

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// -1: too long to be a value.
int to_number(std::string_view digits) {
  if (digits.size() > kDigits) return -1;
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

Error bad(std::string message) { return invalid("invalid_cron", std::move(message)); }

// Reads the items of one field; the text is in lower case.
class FieldReader {
 public:
  FieldReader(FieldKind kind, Dialect dialect)
      : kind_(kind), dialect_(dialect), bounds_(bounds(kind, dialect)) {}

  Result<Item> item(std::string_view text) const {
    if (text.empty()) return bad("nothing stands before or after a comma; take the comma out");
    if (text == "?") {
      if (on_day() || on_weekday()) return Item{};
      return bad(fmt::format("\"?\" is for the day and the weekday only; write * for every {}",
                             to_string(kind_)));
    }
    if (on_day()) {
      if (const auto special = day_special(text)) return *special;
    }
    if (on_weekday()) {
      if (const auto special = weekday_special(text)) return *special;
    }
    return range(text);
  }

 private:
  bool on_day() const { return kind_ == FieldKind::day; }
  bool on_weekday() const { return kind_ == FieldKind::weekday; }
  bool crontab() const { return dialect_ == Dialect::crontab; }

  // "hours are 0 to 23"
  std::string allowed() const {
    switch (kind_) {
      case FieldKind::month:
        return "months are 1 to 12 or jan to dec";
      case FieldKind::weekday:
        return crontab() ? "weekdays are 0 to 7 (0 and 7 are Sunday) or sun to sat"
                         : "weekdays are 0 to 6 (0 is Monday in this dialect) or mon to sun";
      default:
        return fmt::format("{}s are {} to {}", to_string(kind_), bounds_.low, bounds_.high);
    }
  }

  // What begins its values anew.
  std::string_view cycle() const {
    switch (kind_) {
      case FieldKind::second:
        return "minute";
      case FieldKind::minute:
        return "hour";
      case FieldKind::hour:
        return "day";
      case FieldKind::day:
        return "month";
      case FieldKind::month:
        return "year";
      case FieldKind::weekday:
        break;
    }
    return "week";
  }

  Result<int> value(std::string_view text) const {
    const int shift = written_shift(kind_, dialect_);
    if (is_number(text)) {
      const int number = to_number(text);
      const int high = on_weekday() && crontab() ? 7 : bounds_.high;
      if (number >= 0 && number + shift >= bounds_.low && number + shift <= high) {
        return number + shift;
      }
    } else if (kind_ == FieldKind::month) {
      if (const auto month = month_from(text)) return *month;
    } else if (on_weekday()) {
      if (const auto weekday = weekday_from(text)) {
        return *weekday == 0 ? bounds_.high == 7 ? 7 : 0 : *weekday;
      }
    }
    return bad(fmt::format("{} is not {} {}: {}{}", shown(text),
                           kind_ == FieldKind::hour ? "an" : "a", to_string(kind_), allowed(),
                           is_number(text) ? "" : did_you_mean(text, names_of(kind_))));
  }

  Result<int> step(std::string_view text, std::string_view range, int span) const {
    if (!is_number(text) || to_number(text) == 0) {
      return bad(fmt::format("{} is not a step: write a number from 1 up after the /, like */5",
                             shown(text)));
    }
    const int number = to_number(text);
    if (number < 0 || (number > 1 && number > span)) {
      return bad(
          fmt::format("the step {} is longer than {} reaches, so only the first value would "
                      "match: steps do not go on into the next {}. Write that value alone, "
                      "or a smaller step",
                      number < 0 ? shown(text) : std::string(text), shown(range), cycle()));
    }
    return number;
  }

  Result<Item> range(std::string_view text) const {
    const std::size_t slash = text.find('/');
    const std::string_view part = text.substr(0, slash);
    Item item{.kind = Item::Kind::range};
    int span = bounds_.high - bounds_.low;
    if (part == "*") {
      item.kind = Item::Kind::every;
    } else {
      const Status read = ends(part, slash != text.npos, item);
      if (!read) return read.error();
      span = item.last - item.first;
    }
    if (slash == text.npos) return item;
    const auto number = step(text.substr(slash + 1), part, span);
    if (!number) return number.error();
    item.step = *number;
    return item;
  }

  std::string written(int first, int last) const {
    const int shift = written_shift(kind_, dialect_);
    if (first == last) return fmt::format("{}", first - shift);
    return fmt::format("{}-{}", first - shift, last - shift);
  }

  // The first and last value of a range; a single value with a step goes on to the highest.
  Status ends(std::string_view text, bool has_step, Item& item) const {
    const std::size_t dash = text.find('-');
    const auto first = value(text.substr(0, dash));
    if (!first) return first.error();
    item.first = *first;
    if (dash == text.npos) {
      if (on_weekday() && crontab()) item.first %= 7;
      item.last = has_step ? bounds_.high : item.first;
      return ok();
    }
    const auto last = value(text.substr(dash + 1));
    if (!last) return last.error();
    item.last = *last;
    if (on_weekday() && crontab()) {  // Sunday is before Monday and after Saturday
      if (item.first == 7 && item.last != 7) item.first = 0;
      if (item.last == 0 && item.first > 0) item.last = 7;
    }
    if (item.first <= item.last) return ok();
    return bad(fmt::format("{} runs backwards; write {},{}", shown(text),
                           written(item.first, bounds_.high), written(bounds_.low, item.last)));
  }

  // None: not one of the day's special forms, so it is to be read as a plain range.
  std::optional<Result<Item>> day_special(std::string_view text) const {
    if (!crontab()) {
      if (text == "last") return Item{.kind = Item::Kind::last_day};
      if (const auto named = named_day(text)) return *named;
    }
    if (text.ends_with('w')) {
      const std::string_view day = text.substr(0, text.size() - 1);
      if (is_number(day)) {
        const auto number = value(day);
        if (!number) return number.error();
        return Item{.kind = Item::Kind::workday, .first = *number};
      }
      auto from_end = last_day(day);
      if (from_end && *from_end) (*from_end)->kind = Item::Kind::workday;
      return from_end;
    }
    return last_day(text);
  }

  // "2nd fri", "last fri"
  std::optional<Result<Item>> named_day(std::string_view text) const {
    const std::size_t space = text.find(' ');
    if (space == text.npos) return std::nullopt;
    const auto weekday = weekday_from(text.substr(space + 1));
    const auto nth = ordinal_from(text.substr(0, space));
    if (!weekday || (!nth && text.substr(0, space) != "last")) return std::nullopt;
    if (!nth) return Item{.kind = Item::Kind::last_nth, .first = *weekday};
    return Item{.kind = Item::Kind::nth, .first = *weekday, .nth = *nth};
  }

  // "l", "l-3"
  std::optional<Result<Item>> last_day(std::string_view text) const {
    if (!text.starts_with('l')) return std::nullopt;
    Item item{.kind = Item::Kind::last_day};
    if (text == "l") return item;
    const std::string_view back = text.substr(std::min<std::size_t>(2, text.size()));
    item.back = is_number(back) ? to_number(back) : -1;
    if (text[1] == '-' && item.back >= 0 && item.back <= 30) return item;
    return bad(
        fmt::format("{} is not a day: write L for the last day of the month, L-3 for three "
                    "days before it (0 to 30), LW for the last Monday to Friday",
                    shown(text)));
  }

  std::optional<Result<Item>> weekday_special(std::string_view text) const {
    if (const std::size_t hash = text.find('#'); hash != text.npos) {
      const auto weekday = value(text.substr(0, hash));
      if (!weekday) return weekday.error();
      const std::string_view nth = text.substr(hash + 1);
      const int number = is_number(nth) ? to_number(nth) : 0;
      if (number >= 1 && number <= 5) {
        return Item{.kind = Item::Kind::nth, .first = *weekday, .nth = number};
      }
      return bad(
          fmt::format("{} is not a week: after # write 1 to 5, like fri#3 for the third "
                      "Friday of the month",
                      shown(nth)));
    }
    if (text == "l") {
      return bad(
          "L alone has no one meaning here: write friL for the last Friday of the month, "
          "or sat for Saturday");
    }
    if (text.size() > 1 && text.ends_with('l'))
      return last_weekday(text.substr(0, text.size() - 1));
    if (text.size() > 1 && text.starts_with('l')) return last_weekday(text.substr(1));
    return std::nullopt;
  }

  Result<Item> last_weekday(std::string_view text) const {
    const auto weekday = value(text);
    if (!weekday) return weekday.error();
    return Item{.kind = Item::Kind::last_nth, .first = *weekday};
  }

  FieldKind kind_;
  Dialect dialect_;
  Bounds bounds_;
};

std::uint64_t bits_of(const Item& item, FieldKind kind, Dialect dialect) {
  const bool all = item.kind == Item::Kind::every;
  const Bounds field = bounds(kind, dialect);
  const int last = all ? field.high : item.last;
  std::uint64_t bits = 0;
  for (int value = all ? field.low : item.first; value <= last; value += item.step) {
    bits |= std::uint64_t{1} << (kind == FieldKind::weekday ? value % 7 : value);
  }
  return bits;
}

// A special item's weekday is kept as 0 ... 6, so that equal expressions are equal.
void add(Field& field, Item item, FieldKind kind, Dialect dialect) {
  if (item.is_set()) {
    field.bits |= bits_of(item, kind, dialect);
  } else {
    field.specials.push_back(item);
    if (kind == FieldKind::weekday) field.specials.back().first %= 7;
    if (kind == FieldKind::weekday && dialect == Dialect::crontab) item.first %= 7;
  }
  field.items.push_back(item);
}

}  // namespace

std::string shown(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, kShown)) out += c < ' ' || c > '~' || c == '"' ? '?' : c;
  return out + (text.size() > kShown ? "...\"" : "\"");
}

Result<Field> parse_field(FieldKind kind, Dialect dialect, std::string_view text) {
  const std::string small = lower(text);
  const FieldReader reader(kind, dialect);
  Field field;
  field.star = small.starts_with('*') || small.starts_with('?');
  for (std::string_view rest = small;;) {
    const std::size_t comma = rest.find(',');
    const auto item = reader.item(rest.substr(0, comma));
    if (!item) return item.error();
    add(field, *item, kind, dialect);
    if (comma == rest.npos) return field;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace pilot::cron
