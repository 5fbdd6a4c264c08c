// pilot cron next|explain: what an expression means, without a plan, a server or a data directory.
#include <fmt/format.h>

#include "app/commands.h"
#include "app/output.h"
#include "cron/cron.h"

namespace pilot::app {
namespace {

// An instant, or now.
Result<WallTime> start_of(const std::string& text) {
  if (text.empty()) return make_system_clock()->now();
  auto time = parse_rfc3339(text);
  if (!time) return time.error().prefixed("--from");
  return time;
}

Result<std::shared_ptr<const cron::Expression>> read(const CronOptions& options) {
  const auto dialect = cron::dialect_from(options.dialect);
  if (!dialect) {
    return invalid("invalid_value", fmt::format("--dialect is crontab or apscheduler, not \"{}\"",
                                                one_line(options.dialect, 40)));
  }
  return cron::parse(options.expression, *dialect);
}

}  // namespace

// With --json, too, one instant a line: nothing else is told.
int cron_next(const GlobalOptions&, const CronOptions& options) {
  const auto expression = read(options);
  if (!expression) return refuse(expression.error());
  const auto zone = cron::find_zone(options.timezone);
  if (!zone) return refuse(zone.error());
  const auto rule = cron::dst_rule_from(options.dst);
  if (!rule) {
    return refuse(invalid("invalid_value", fmt::format("--dst is vixie or literal, not \"{}\"",
                                                       one_line(options.dst, 40))));
  }
  const auto from = start_of(options.from);
  if (!from) return refuse(from.error());
  WallTime after = *from;
  for (int i = 0; i < options.count; ++i) {
    const auto next = cron::next_after(**expression, **zone, after, *rule);
    if (!next) {
      fmt::print(stderr, "nothing more is due: Pilot looks as far as the year 2200\n");
      return i == 0 ? kExitFailed : kExitOk;
    }
    print_line(to_rfc3339(*next));
    after = *next;
  }
  return kExitOk;
}

int cron_explain(const GlobalOptions& global, const CronOptions& options) {
  const auto expression = read(options);
  if (!expression) return refuse(expression.error());
  const std::string words = cron::explain(**expression);
  if (global.json) {
    print_json(JsonObject{{"expression", cron::to_text(**expression)},
                          {"dialect", options.dialect},
                          {"words", words}});
  } else {
    print_line(words);
  }
  return kExitOk;
}

}  // namespace pilot::app
