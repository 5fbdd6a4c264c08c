// Text -> Expression: the fields are told apart, read (parse_field.cc), and looked at together.
#include <fmt/format.h>

#include <bit>

#include "base/nearest.h"
#include "cron/match.h"
#include "cron/names.h"
#include "cron/parse_field.h"
#include "model/limits.h"

namespace pilot::cron {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kFieldsHelp =
    "an expression has five fields (minute hour day month weekday) or six (second first)";

Error bad(std::string message, std::string place = {}) {
  return invalid("invalid_cron", std::move(message), std::move(place));
}

struct Word {
  std::string_view name;
  std::string_view fields;
};
constexpr std::array<Word, 7> kWords{{{"@yearly", "0 0 1 1 *"},
                                      {"@annually", "0 0 1 1 *"},
                                      {"@monthly", "0 0 1 * *"},
                                      {"@weekly", "0 0 * * sun"},
                                      {"@daily", "0 0 * * *"},
                                      {"@midnight", "0 0 * * *"},
                                      {"@hourly", "0 * * * *"}}};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// The fields that a word like @daily stands for.
Result<std::string_view> word(std::string_view text) {
  const std::string given = lower(text);
  std::vector<std::string> names;
  for (const Word& known : kWords) {
    if (given == known.name) return known.fields;
    names.emplace_back(known.name);
  }
  if (given == "@reboot") return bad("@reboot names no time: a schedule needs one");
  if (given.starts_with("@every")) {
    return bad(
        "@every is not cron: write the step into a field, like */5 * * * * for every five "
        "minutes");
  }
  return bad(fmt::format("there is no word {}{}; the words are {}", shown(text),
                         did_you_mean(given, names), fmt::join(names, ", ")));
}

// Split at white space. "2nd fri" of the old service's dialect is one field with a space in it.
std::vector<std::string> split(std::string_view text, Dialect dialect) {
  std::vector<std::string> parts;
  bool joins = false;
  while (!(text = trimmed(text)).empty()) {
    const std::size_t end = std::min(text.find_first_of(kSpace), text.size());
    const std::string part = lower(text.substr(0, end));
    const std::string weekday = part.substr(0, part.find(','));
    if (joins && weekday_from(weekday)) {
      parts.back() += ' ' + part;
    } else {
      parts.push_back(part);
    }
    const std::string tail = part.substr(part.rfind(',') + 1);  // npos + 1 is 0: all of it
    joins = dialect == Dialect::apscheduler && (ordinal_from(tail) || tail == "last");
    text.remove_prefix(end);
  }
  return parts;
}

Status check_count(const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    if (part.find('=') != part.npos) {
      return bad(
          fmt::format("{} does not belong here: the time zone is a setting beside the "
                      "expression",
                      shown(part)));
    }
  }
  if (parts.size() == 5 || parts.size() == 6) return ok();
  if (parts.empty()) return bad(fmt::format("the expression is empty: {}", kFieldsHelp));
  if (parts.size() == 7) {
    return bad(fmt::format("there are seven fields: {}; a year is not among them", kFieldsHelp));
  }
  return bad(fmt::format("{}; this has {}", kFieldsHelp, parts.size()));
}

bool runs_on(const Field& hour) {
  for (const Item& item : hour.items) {
    if (item.kind == Item::Kind::every || item.step > 1) return true;
  }
  return std::popcount(hour.bits) == 24;
}

// All years that there are, leap and common ones that begin on each weekday, lie in 28 in a row.
bool ever_fires(const Expression& expression) {
  return next_match(expression, absl::CivilSecond(2000, 1, 1), 2027).has_value();
}

}  // namespace

Result<std::shared_ptr<const Expression>> parse(std::string_view text, Dialect dialect) {
  if (text.size() > limits::kCronExpression) {
    return bad(fmt::format("the expression is {} bytes long, the limit is {}", text.size(),
                           limits::kCronExpression));
  }
  std::string_view all = trimmed(text);
  if (all.starts_with('@')) {
    const auto fields = word(all);
    if (!fields) return fields.error();
    all = *fields;
  }
  const std::vector<std::string> parts = split(all, dialect);
  if (const Status counted = check_count(parts); !counted) return counted.error();

  auto expression = std::make_shared<Expression>();
  expression->dialect = dialect;
  expression->has_seconds = parts.size() == 6;
  if (!expression->has_seconds) {
    expression->field(FieldKind::second) = {.items = {Item{.kind = Item::Kind::range}}, .bits = 1};
  }
  const std::size_t skipped = kFields - parts.size();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto kind = static_cast<FieldKind>(i + skipped);
    auto field = parse_field(kind, dialect, parts[i]);
    if (!field) {
      Error error = field.error();
      error.pointer = fmt::format("field {} ({})", i + 1, to_string(kind));
      return error;
    }
    expression->field(kind) = std::move(*field);
  }
  expression->either_day = dialect == Dialect::crontab && !expression->field(FieldKind::day).star &&
                           !expression->field(FieldKind::weekday).star;
  expression->runs_on = runs_on(expression->field(FieldKind::hour));
  if (!ever_fires(*expression)) {
    return invalid("never_fires", fmt::format("{} never fires: no month that it names has such a "
                                              "day; check the day, month and weekday",
                                              shown(all)));
  }
  return std::shared_ptr<const Expression>(std::move(expression));
}

}  // namespace pilot::cron
