// Fuzzes references. Properties: no crash, bounded; a text without `${` and `{{` comes back as it
// is; escaping a text and compiling it gives the text; one pass: what a reference brings in appears
// literally, whatever it holds.
#include <cstdint>
#include <cstdlib>

#include "base/assert.h"
#include "model/limits.h"
#include "params/condition.h"
#include "params/map_source.h"
#include "params/template.h"

namespace {

using namespace pilot;
using namespace pilot::params;

const MapSource& fixed_source() {
  static const MapSource kSource(*parse_json(R"({
    "steps": {"a": {"output": {"x": [1, 2.5, "t", null, true, {"k": "v"}], "s": " a,b "}},
              "0": {"output": [{"n": 1}, {"n": 2}]}},
    "inputs": {"x": "text", "n": 7}, "trigger": {"body": "b"}, "item": [3, 1, 2], "index": 0
  })"));
  return kSource;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("${")) out += '$';
    out += text[i];
  }
  return out;
}

void check_literal(std::string_view text) {
  const bool braces = text.find("{{") != text.npos;
  const bool dollar = text.find("${") != text.npos;
  if (!braces && !dollar) {
    const auto plain = Template::compile(text);
    PILOT_ASSERT(plain && !plain->has_references());
    PILOT_ASSERT(*plain->evaluate_text(fixed_source()) == text);
  }
  if (!braces) {
    const auto round_trip = Template::compile(escaped(text));
    PILOT_ASSERT(round_trip && !round_trip->has_references());
    PILOT_ASSERT(*round_trip->evaluate_text(fixed_source()) == text);
  }
}

void check_one_pass(std::string_view text) {
  const MapSource source(
      JsonObject{{"inputs", Json(boost::json::string_view(text.data(), text.size()))}});
  static const auto kAlone = Template::compile("${inputs}");
  static const auto kInside = Template::compile("<${inputs}|{{inputs}}>");
  const auto alone = kAlone->evaluate(source);
  PILOT_ASSERT(alone && as_view(alone->get_string()) == text);
  PILOT_ASSERT(*kInside->evaluate_text(source) ==
               "<" + std::string(text) + "|" + std::string(text) + ">");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  check_literal(text);
  check_one_pass(text);
  const auto compiled = Template::compile(text);
  PILOT_ASSERT(has_reference(text) == (!compiled || compiled->has_references()));
  if (compiled) {
    const auto value = compiled->evaluate(fixed_source());
    const auto as_text = compiled->evaluate_text(fixed_source());
    PILOT_ASSERT(value.has_value() == as_text.has_value());
    if (as_text) PILOT_ASSERT(as_text->size() <= limits::kStepOutput);
    std::vector<ReferenceInfo> all;
    compiled->list(all, "");
    PILOT_ASSERT(all.empty() == !compiled->has_references());
  } else {
    PILOT_ASSERT(!compiled.error().message.empty());
  }
  if (const auto condition = Condition::compile_legacy(text)) {
    (void)condition->evaluate(fixed_source());
  }
  return 0;
}
