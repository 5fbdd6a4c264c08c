// Runs every example of docs/jq.md. A block `jq` holds cases: `program:` begins one, then `input:`
// and `vars:` (JSON), and `output:` for each output (without a value: there is none), or `error:`
// with a part of the message.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "jq/jq.h"

namespace pilot::jq {
namespace {

struct Example {
  int line = 0;
  std::string chapter;  // the heading of the second level that it stands under
  std::string program;
  std::string input = "null";
  std::string vars = "{}";
  std::vector<std::string> outputs;
  std::optional<std::string> error;
  bool says_none = false;  // `output:` and no more
};

std::string document() {
  std::ifstream file(PILOT_SOURCE_DIR "/docs/jq.md");
  EXPECT_TRUE(file.good()) << "docs/jq.md is not there";
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void read_line(const std::string& line, int number, const std::string& chapter,
               std::vector<Example>& examples) {
  const std::size_t colon = line.find(':');
  ASSERT_NE(colon, line.npos) << "line " << number << " says nothing: " << line;
  const std::string key = line.substr(0, colon);
  const std::string value = line.substr(std::min(colon + 2, line.size()));
  if (key == "program") {
    Example& begun = examples.emplace_back();
    begun.line = number;
    begun.chapter = chapter;
    begun.program = value;
    return;
  }
  ASSERT_FALSE(examples.empty()) << "line " << number << " comes before any program";
  Example& now = examples.back();
  if (key == "input") {
    now.input = value;
  } else if (key == "vars") {
    now.vars = value;
  } else if (key == "output") {
    now.says_none = now.says_none || value.empty();
    if (!value.empty()) now.outputs.push_back(value);
  } else if (key == "error") {
    now.error = value;
  } else {
    FAIL() << "line " << number << " has an unknown key: " << line;
  }
}

std::vector<Example> examples() {
  std::istringstream lines(document());
  std::vector<Example> out;
  std::string line, block, chapter;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.starts_with("```")) {
      block = block.empty() ? line.substr(3) : "";
    } else if (block.empty() && line.starts_with("## ")) {
      chapter = line.substr(3);
    } else if (block == "jq" && !line.empty()) {
      read_line(line, number, chapter, out);
    }
  }
  return out;
}

// In the writing of our own writer, so that texts can be compared.
std::string normal(const std::string& text) {
  const auto value = parse_json(text);
  EXPECT_TRUE(value) << "no JSON: " << text;
  return value ? to_json(*value) : "";
}

// The outputs, or the message of what was wrong with the program or went wrong in it.
Result<std::vector<Json>> answer(const Example& example) {
  const auto input = parse_json(example.input);
  const auto vars = parse_json(example.vars);
  EXPECT_TRUE(input) << "the input is no JSON";
  EXPECT_TRUE(vars && vars->is_object()) << "vars is no object";
  if (!input || !vars || !vars->is_object()) return std::vector<Json>{};
  std::vector<std::string> names;
  for (const auto& member : vars->get_object()) {
    names.emplace_back(member.key().data(), member.key().size());
  }
  const auto program = compile(example.program, names);
  if (!program) return program.error();
  return run(**program, *input, vars->get_object());
}

void check(const Example& example) {
  const auto outputs = answer(example);
  if (example.error) {
    EXPECT_TRUE(example.outputs.empty() && !example.says_none) << "outputs and an error";
    ASSERT_FALSE(outputs) << "must fail, and gave " << outputs->size() << " outputs";
    EXPECT_THAT(outputs.error().message, testing::HasSubstr(*example.error));
    return;
  }
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_NE(example.outputs.empty(), !example.says_none) << "it must say what comes out";
  std::vector<std::string> wanted, given;
  for (const std::string& text : example.outputs) wanted.push_back(normal(text));
  for (const Json& value : *outputs) given.push_back(to_json(value));
  EXPECT_EQ(given, wanted);
}

TEST(JqDocs, EveryExampleIsTrue) {
  std::map<std::string, int> seen;
  int all = 0;
  for (const Example& example : examples()) {
    SCOPED_TRACE(fmt::format("docs/jq.md:{}: {}", example.line, example.program));
    check(example);
    ++seen[example.chapter];
    ++all;
  }
  EXPECT_GE(all, 180);
  EXPECT_GE(seen["Differences from jq 1.6"], 30);
  EXPECT_GE(seen["What is left out"], 4);
}

// `name` or `name(...)` in backticks.
TEST(JqDocs, EveryBuiltinIsNamed) {
  const std::string text = document();
  const std::vector<std::string> names = builtin_names();
  ASSERT_GE(names.size(), 190u);
  for (const std::string& builtin : names) {
    const std::string name = builtin.substr(0, builtin.find('/'));
    EXPECT_TRUE(text.find("`" + name + "`") != text.npos ||
                text.find("`" + name + "(") != text.npos)
        << "docs/jq.md does not name " << builtin;
  }
}

// What the tables name first in a row as functions exists, with so many arguments.
TEST(JqDocs, EveryFunctionThatIsNamedExists) {
  const std::vector<std::string> names = builtin_names();
  const std::set<std::string> known(names.begin(), names.end());
  std::istringstream lines(document());
  bool inside = false;
  int seen = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) inside = line == "## Functions";
    if (!inside || !line.starts_with("| `")) continue;
    std::istringstream parts(line.substr(0, line.find(" | ", 2)));
    std::string part;
    for (int number = 0; std::getline(parts, part, '`'); ++number) {
      if (number % 2 == 0 || part.starts_with('@')) continue;  // between two names, or a format
      const auto arguments =
          part.find('(') == part.npos ? 0 : 1 + std::count(part.begin(), part.end(), ';');
      const std::string name = part.substr(0, part.find('('));
      EXPECT_TRUE(known.contains(fmt::format("{}/{}", name, arguments))) << part << ": " << line;
      ++seen;
    }
  }
  EXPECT_GE(seen, 80);
}

}  // namespace
}  // namespace pilot::jq
