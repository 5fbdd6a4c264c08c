// See schema_pattern.h: the one home of RE2. No exceptions, nothing is logged.
#include "schema/schema_pattern.h"

#include <re2/re2.h>

#include <utility>

#include "model/limits.h"

namespace pilot::schema {

namespace {

// A pattern's program and its caches. With less, RE2 is still linear, only slower.
constexpr std::int64_t kMemory = 2 << 20;
constexpr std::size_t kProgram = 20'000;
// Linear is not yet fast: where its caches do not help, RE2 follows every instruction for every
// byte, some 10 ns each (measured: ((a|b)?){900}c takes 45 s for 1 MB).
constexpr std::size_t kInstructionsPerStep = 32;

Error unusable(const std::string& why) {
  return invalid("invalid_schema", "this pattern cannot be used: " + why);
}

}  // namespace

Result<std::shared_ptr<const Pattern>> Pattern::compile(std::string_view text) {
  if (text.size() > limits::kPatternBytes) {
    return unusable("it has " + std::to_string(text.size()) + " bytes; at most " +
                    std::to_string(limits::kPatternBytes) + " are allowed");
  }
  RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(kMemory);
  auto re2 = std::make_unique<const RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!re2->ok()) {
    return unusable(re2->error() +
                    " (it is RE2 syntax: no look-ahead, look-behind, back-reference)");
  }
  if (static_cast<std::size_t>(re2->ProgramSize()) > kProgram) {
    return unusable(
        "it is too large when its repetitions are written out; use smaller counts, or minLength "
        "and "
        "maxLength");
  }
  return std::shared_ptr<const Pattern>(new Pattern(std::move(re2)));
}

Pattern::Pattern(std::unique_ptr<const re2::RE2> re2) : re2_(std::move(re2)) {}
Pattern::~Pattern() = default;

bool Pattern::matches(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *re2_);
}

std::size_t Pattern::cost(std::string_view text) const {
  return 1 + text.size() * size() / kInstructionsPerStep;
}

std::size_t Pattern::size() const { return static_cast<std::size_t>(re2_->ProgramSize()); }

const std::string& Pattern::text() const { return re2_->pattern(); }

}  // namespace pilot::schema
