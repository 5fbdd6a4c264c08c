// Runs every example of docs/schedules.md. Blocks: `cron` (expression | zone and options | from ->
// instants), `cron-words` and `cron-errors` (expression -> words, or a part of the message).
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "cron/cron.h"

namespace pilot::cron {
namespace {

struct Example {
  std::string block;
  int line = 0;
  std::string left;   // of the arrow
  std::string right;  // of it
};

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == text.npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::vector<Example> examples() {
  std::ifstream file(PILOT_SOURCE_DIR "/docs/schedules.md");
  EXPECT_TRUE(file.good()) << "docs/schedules.md is not there";
  std::vector<Example> out;
  std::string line, block;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.starts_with("```")) {
      block = block.empty() ? line.substr(3) : "";
    } else if (block.starts_with("cron")) {
      const std::size_t arrow = line.find("->");
      EXPECT_NE(arrow, line.npos) << "line " << number << " has no ->: " << line;
      if (arrow == line.npos) continue;
      out.push_back(
          {block, number, trimmed(line.substr(0, arrow)), trimmed(line.substr(arrow + 2))});
    }
  }
  return out;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

// expression | zone [dialect] [rule] | from -> instant instant ...
void check_instants(const Example& example) {
  std::vector<std::string> columns;
  std::istringstream in(example.left);
  for (std::string column; std::getline(in, column, '|');) columns.push_back(trimmed(column));
  ASSERT_EQ(columns.size(), 3u);
  Dialect dialect = Dialect::crontab;
  DstRule rule = DstRule::vixie;
  std::vector<std::string> options = words(columns[1]);
  ASSERT_FALSE(options.empty());
  for (std::size_t i = 1; i < options.size(); ++i) {
    if (const auto given = dialect_from(options[i])) {
      dialect = *given;
    } else {
      ASSERT_TRUE(dst_rule_from(options[i]).has_value()) << options[i];
      rule = *dst_rule_from(options[i]);
    }
  }
  const auto expression = parse(columns[0], dialect);
  ASSERT_TRUE(expression.has_value()) << expression.error().message;
  const auto zone = find_zone(options[0]);
  ASSERT_TRUE(zone.has_value()) << zone.error().message;
  auto at = parse_rfc3339(columns[2]);
  ASSERT_TRUE(at.has_value()) << columns[2];
  const std::vector<std::string> wanted = words(example.right);
  ASSERT_FALSE(wanted.empty());
  for (const std::string& instant : wanted) {
    const auto next = next_after(**expression, **zone, *at, rule);
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(to_rfc3339(*next), instant);
    at = *next;
  }
}

void check_words(const Example& example) {
  const auto expression = parse(example.left);
  ASSERT_TRUE(expression.has_value()) << expression.error().message;
  EXPECT_EQ(explain(**expression), example.right);
}

void check_error(const Example& example) {
  const auto expression = parse(example.left);
  ASSERT_FALSE(expression.has_value()) << to_text(**expression);
  const Error& error = expression.error();
  EXPECT_THAT(error.pointer + ": " + error.message, testing::HasSubstr(example.right));
}

TEST(CronDocs, EveryExampleIsTrue) {
  std::map<std::string, int> seen;
  for (const Example& example : examples()) {
    SCOPED_TRACE(fmt::format("docs/schedules.md:{}: {}", example.line, example.left));
    ++seen[example.block];
    if (example.block == "cron") {
      check_instants(example);
    } else if (example.block == "cron-words") {
      check_words(example);
    } else if (example.block == "cron-errors") {
      check_error(example);
    } else {
      FAIL() << "unknown kind of block: " << example.block;
    }
  }
  EXPECT_GE(seen["cron"], 40);
  EXPECT_GE(seen["cron-words"], 9);
  EXPECT_GE(seen["cron-errors"], 10);
}

}  // namespace
}  // namespace pilot::cron
