// Every example of jq 1.6's manual, and the programs in its prose, give what jq 1.6 gives; what
// Pilot leaves out is refused when it is compiled. The cases: testdata/manual_cases.txt.
#include <gtest/gtest.h>

#include <fstream>

#include "base/json.h"
#include "jq/jq.h"

namespace pilot::jq {
namespace {

struct ManualCase {
  std::string at;
  std::string program;
  std::string input;
  std::vector<std::string> outputs;
  std::optional<std::string> error;
  bool refused = false;
};

// What differs on purpose: program -> what Pilot gives instead, one output a line.
const std::map<std::string, std::vector<std::string>>& decided() {
  static const std::map<std::string, std::vector<std::string>> kDecided = {
      // jq 1.6 is built without the option syntax that its manual shows; RE2 has it.
      {R"(("test", "TEst", "teST", "TEST") | test("(?i)te(?-i)st"))",
       {"true", "true", "false", "false"}},
      // 1.6 skips the element after a deleted one; the paths are deleted together, as in 1.7.
      {R"((.[] | select(. >= 2)) |= empty)", {"[1,0]"}},
  };
  return kDecided;
}

void read_line(std::string_view line, std::vector<ManualCase>& cases) {
  const std::size_t colon = line.find(": ");
  const std::string_view key = line.substr(0, colon);
  const std::string value(colon == line.npos ? std::string_view{} : line.substr(colon + 2));
  if (key == "at") {
    cases.push_back({.at = value});
    return;
  }
  ASSERT_FALSE(cases.empty()) << line;
  ManualCase& now = cases.back();
  if (key == "program") {
    now.program = value;
  } else if (key == "input") {
    now.input = value;
  } else if (key == "output") {
    now.outputs.push_back(value);
  } else if (key == "error") {
    now.error = value;
  } else if (key == "refused") {
    now.refused = true;
  } else {
    ASSERT_EQ(key, "manual") << line;
  }
}

std::vector<ManualCase> read_cases() {
  std::vector<ManualCase> cases;
  std::ifstream file(PILOT_SOURCE_DIR "/src/jq/testdata/manual_cases.txt");
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && !line.starts_with('#')) read_line(line, cases);
  }
  return cases;
}

std::string texts(const std::vector<Json>& values) {
  std::string out;
  for (const Json& value : values) out += to_json(value) + "\n";
  return out;
}

// In the writing of our own writer, so that texts can be compared: 1.0 and 1 are one number.
std::string texts(const std::vector<std::string>& outputs) {
  std::string out;
  for (const std::string& output : outputs) {
    const auto value = parse_json(output);
    EXPECT_TRUE(value) << output;
    if (value) out += to_json(*value) + "\n";
  }
  return out;
}

// Empty if the case is right, else what is wrong.
std::string verdict(const ManualCase& wanted) {
  const auto program = compile(wanted.program);
  if (wanted.refused) {
    if (program) return "was accepted, must be refused";
    if (program.error().code != "invalid_program") return "refused as " + program.error().code;
    return program.error().message.empty() ? "refused without a reason" : "";
  }
  if (!program) return "does not compile: " + program.error().message;
  const auto input = parse_json(wanted.input);
  if (!input) return "the input is no JSON";
  const auto other = decided().find(wanted.program);
  const bool ours = other != decided().end();
  const auto outputs = run(**program, *input);
  if (wanted.error && !ours) {
    if (outputs) return "must fail with: " + *wanted.error + "\ngot\n" + texts(*outputs);
    const bool same = outputs.error().message.find(*wanted.error) != std::string::npos;
    return same ? "" : "must fail with: " + *wanted.error + "\ngot: " + outputs.error().message;
  }
  if (!outputs) return "failed: " + outputs.error().message;
  const std::string right = texts(ours ? other->second : wanted.outputs);
  const std::string got = texts(*outputs);
  return got == right ? "" : "must give\n" + right + "gave\n" + got;
}

TEST(JqManual, EveryExample) {
  const std::vector<ManualCase> cases = read_cases();
  ASSERT_GE(cases.size(), 250u);
  std::size_t run_cases = 0;
  for (const ManualCase& one : cases) {
    if (!one.refused) ++run_cases;
    const std::string wrong = verdict(one);
    EXPECT_TRUE(wrong.empty()) << one.at << "\n  " << one.program << "\n  " << one.input << "\n"
                               << wrong;
  }
  EXPECT_GE(run_cases, 230u);
}

// A decided difference whose example is gone would go on unnoticed.
TEST(JqManual, EveryDecidedDifferenceHasItsExample) {
  const std::vector<ManualCase> cases = read_cases();
  for (const auto& [program, outputs] : decided()) {
    const auto found = std::find_if(cases.begin(), cases.end(),
                                    [&](const ManualCase& one) { return one.program == program; });
    EXPECT_NE(found, cases.end()) << program;
  }
}

}  // namespace
}  // namespace pilot::jq
