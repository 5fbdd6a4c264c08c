// Fuzzes compile and check together: a schema, a NUL or a line end, a value. Properties: what
// compiles compiles again from its kept document; two checks say the same; pointers stay under the
// base; no more problems than asked for; a value that is skipped as a whole fits.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "schema/schema.h"

namespace {

using pilot::Json;
using pilot::Problems;
using pilot::schema::Schema;

constexpr std::size_t kMost = 5;
constexpr std::string_view kBase = "/base";

void check_problems(const Problems& problems) {
  PILOT_ASSERT(problems.size() <= kMost);
  for (const pilot::Problem& problem : problems) {
    PILOT_ASSERT(problem.pointer.starts_with(kBase));
    PILOT_ASSERT(!problem.message.empty() && pilot::is_valid_utf8(problem.message));
    PILOT_ASSERT(problem.code == "missing_param" || problem.code == "unknown_param" ||
                 problem.code == "wrong_type" || problem.code == "invalid_value");
  }
}

bool is_text(const Json& value) { return value.is_string(); }
bool is_any(const Json&) { return true; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 20'000) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const std::size_t split = std::min(text.find_first_of(std::string_view("\0\n", 2)), size);
  const auto document = pilot::parse_json(text.substr(0, split));
  if (!document) return 0;
  const auto schema = Schema::compile(*document);
  if (!schema) {
    PILOT_ASSERT(schema.error().code == "invalid_schema" && !schema.error().message.empty());
    return 0;
  }
  PILOT_ASSERT(Schema::compile(schema->document()));
  const auto value = pilot::parse_json(text.substr(std::min(split + 1, size)));
  if (!value) return 0;
  const Problems problems = schema->check(*value, kBase, kMost);
  check_problems(problems);
  const Problems again = schema->check(*value, kBase, kMost);
  PILOT_ASSERT(problems.size() == again.size());
  check_problems(schema->check(*value, kBase, kMost, is_text));
  PILOT_ASSERT(schema->check(*value, kBase, kMost, is_any).empty());
  Json filled = *value;
  pilot::schema::fill_defaults(filled, *document);
  return 0;
}
