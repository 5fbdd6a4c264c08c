// For tests of builtins: calls one of a table directly, with values written as JSON, and gives its
// answer as JSON text, or its error, also as JSON, after "error: ".
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "jq/builtins.h"
#include "jq/regex.h"

namespace pilot::jq {

inline const Builtin* in_table(std::span<const Builtin> table, std::string_view name, int arity) {
  for (const Builtin& builtin : table) {
    if (builtin.name == name && builtin.arity == arity) return &builtin;
  }
  return nullptr;
}

// One run: its budget, its clock, its patterns.
class TestRun {
 public:
  explicit TestRun(std::span<const Builtin> table, const Budget& budget = roomy())
      : table_(table), meter(budget) {}

  // Long runs under a sanitizer must not end by their time.
  static Budget roomy() {
    Budget budget;
    budget.time = std::chrono::milliseconds{10'000};
    return budget;
  }

  std::string operator()(std::string_view name, std::string_view input,
                         const std::vector<std::string>& args = {}) {
    std::vector<Json> json{read(input)};
    for (const std::string& arg : args) json.push_back(read(arg));
    std::vector<Val> values;
    for (std::size_t i = 1; i < json.size(); ++i) values.push_back(Val::view(json[i]));
    return on_values(name, Val::view(json[0]), std::move(values));
  }

  std::string on_values(std::string_view name, Val input, std::vector<Val> args = {}) {
    const Builtin* builtin = in_table(table_, name, static_cast<int>(args.size()));
    if (builtin == nullptr) return "no builtin " + std::string(name);
    Call call{.meter = meter, .now = now, .regexes = regexes, .error = {}};
    const Val answer = builtin->function(call, std::move(input), args.data());
    if (meter.spent() != Spent::nothing) {
      return "spent: " + std::to_string(static_cast<int>(meter.spent()));
    }
    if (call.failed) {
      return "error: " + to_text(meter, call.error);
    }
    return to_text(meter, answer);
  }

 private:
  static Json read(std::string_view text) {
    const Result<Json> json = parse_json(text);
    EXPECT_TRUE(json) << text;
    return json ? *json : Json();
  }

  std::span<const Builtin> table_;

 public:
  Meter meter;
  WallTime now{};
  RegexCache regexes;
};

// testdata/`file`: one call a line, with what jq 1.6 gives for it.
inline void expect_cases(std::span<const Builtin> table, const std::string& file) {
  std::ifstream lines(std::string(PILOT_SOURCE_DIR) + "/src/jq/testdata/" + file);
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    std::vector<std::string> parts;
    std::istringstream columns(line);
    for (std::string part; std::getline(columns, part, '\t');) parts.push_back(part);
    ASSERT_GE(parts.size(), 3u) << line;
    TestRun run(table);
    EXPECT_EQ(run(parts[0], parts[1], {parts.begin() + 2, parts.end() - 1}), parts.back()) << line;
    ++count;
  }
  EXPECT_GT(count, 0) << file;
}

}  // namespace pilot::jq
