// Pilot's jq beside the real one (Debian's jq 1.6): random programs on random inputs give the same
// outputs, or an error in both. PILOT_JQ_PROGRAMS and PILOT_SEED say how many and which; what
// differs on purpose is in docs/jq.md, and random_program.h makes no such programs.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/temp_dir_for_test.h"
#include "jq/jq.h"
#include "jq/random_program.h"

namespace pilot::jq {
namespace {

constexpr int kInputs = 8;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

bool has_real_jq() { return std::system("jq --version >/dev/null 2>&1") == 0; }

class Folder : public TempDir {
 public:
  std::string write(const std::string& name, const std::string& text) const {
    const std::string file = (path() / name).string();
    std::ofstream(file) << text;
    return file;
  }
};

// One line for each input; fewer if it did not end well.
std::vector<std::string> real_answers(const Folder& folder, const std::string& program,
                                      const std::string& inputs) {
  const std::string command = "TZ=UTC timeout 5 jq -c -f " + folder.write("program", program) +
                              " " + folder.write("inputs", inputs) + " 2>/dev/null";
  std::vector<std::string> lines;
  FILE* pipe = popen(command.c_str(), "r");
  std::string line;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    lines.push_back(line);
    line.clear();
  }
  return pclose(pipe) == 0 ? lines : std::vector<std::string>{};
}

// Numbers that differ only in the last digits of a double are one.
bool same(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) {
    const double x = a.to_number<double>();
    const double y = b.to_number<double>();
    return x == y || std::abs(x - y) <= 1e-12 * std::max(std::abs(x), std::abs(y));
  }
  if (a.kind() != b.kind()) return false;
  if (a.is_array()) {
    const JsonArray& left = a.get_array();
    const JsonArray& right = b.get_array();
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), same);
  }
  if (a.is_object()) {
    const JsonObject& left = a.get_object();
    if (left.size() != b.get_object().size()) return false;
    return std::all_of(left.begin(), left.end(), [&](const auto& member) {
      const Json* other = find(b, std::string_view(member.key().data(), member.key().size()));
      return other != nullptr && same(member.value(), *other);
    });
  }
  return a == b;
}

bool is_error(const Json& answer) { return find(answer, "error") != nullptr; }

// Both wrap the program so that an error is an answer, too.
std::string wrapped(const std::string& program) {
  return "try ([" + program + "] | {ok: .}) catch {error: .}";
}

TEST(JqDifferential, RandomProgramsAgreeWithTheRealOne) {
  if (!has_real_jq()) GTEST_SKIP() << "there is no jq on this machine";
  const std::uint64_t seed = number_from("PILOT_SEED", 20261126);
  const std::uint64_t programs = number_from("PILOT_JQ_PROGRAMS", 500);
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  const Folder folder;
  std::uint64_t pairs = 0;
  std::uint64_t values = 0;
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < programs && wrong < 20; ++i) {
    RandomProgram random(seed + i);
    const std::string text = wrapped(random.program());
    std::vector<std::string> inputs;
    std::string all;
    for (int k = 0; k < kInputs; ++k) all += inputs.emplace_back(random.input()) + "\n";
    const std::vector<std::string> real = real_answers(folder, text, all);
    if (real.size() != kInputs) continue;  // it refused, crashed, or ran too long
    const auto program = compile(text);
    EXPECT_TRUE(program) << text << "\n" << program.error().message;
    if (!program) continue;
    for (int k = 0; k < kInputs; ++k) {
      const Json input = *parse_json(inputs[static_cast<std::size_t>(k)]);
      const auto theirs = parse_json(real[static_cast<std::size_t>(k)]);
      const auto ours = run_first(**program, input);
      if (!theirs) continue;  // deeper than our reader goes
      ++pairs;
      const bool agree = ours && ours->has_value() &&
                         (is_error(*theirs) ? is_error(**ours) : same(**ours, *theirs));
      if (!is_error(*theirs)) ++values;
      if (agree) continue;
      ++wrong;
      ADD_FAILURE() << "program " << i << ": " << text << "\n  input: " << to_json(input)
                    << "\n  jq:    " << to_json(*theirs) << "\n  Pilot: "
                    << (ours ? to_json(ours->value_or(Json("nothing"))) : ours.error().message);
    }
  }
  std::printf("%llu pairs compared, %llu of them with values\n",
              static_cast<unsigned long long>(pairs), static_cast<unsigned long long>(values));
  // A comparison of nothing, or of errors only, would agree with everything.
  EXPECT_GE(pairs, programs * 6);
  EXPECT_GE(values, pairs / 4);
}

}  // namespace
}  // namespace pilot::jq
