// A program and its input, from the bytes: "program \0 input". A run ends within its budget with
// outputs or with an error, and does not change what it was given. The first byte 0xff: the rest is
// the seed of a random program that means something.
#include <cstdlib>
#include <cstring>

#include "jq/jq.h"
#include "jq/random_program.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace pilot;
  std::string text;
  std::string input_text;
  if (size > 0 && data[0] == 0xff) {
    std::uint64_t seed = 0;
    std::memcpy(&seed, data + 1, std::min<std::size_t>(size - 1, sizeof seed));
    jq::RandomProgram random(seed);
    text = random.program();
    input_text = random.input();
  } else {
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const std::size_t end = all.find('\0');
    text = all.substr(0, end);
    if (end != std::string_view::npos) input_text = all.substr(end + 1);
  }
  const auto program = jq::compile(text, {"x"});
  if (!program) return 0;
  const auto parsed = parse_json(input_text);
  const Json input = parsed ? *parsed : Json(nullptr);
  const std::string before = to_json(input);
  jq::RunOptions options;
  options.budget.steps = 200'000;
  options.budget.memory_bytes = 16u << 20;
  options.budget.time = std::chrono::seconds{5};
  const auto outputs = jq::run(**program, input, JsonObject{{"x", input}}, options);
  if (!outputs && outputs.error().message.empty()) std::abort();
  if (to_json(input) != before) std::abort();
  return 0;
}
