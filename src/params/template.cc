// One string, compiled; the work is done by reference.h (reading) and resolve.h (values).
#include "params/template.h"

#include "params/reference.h"
#include "params/resolve.h"

namespace pilot::params {

struct Template::Parts {
  std::vector<Part> all;
  bool any_reference = false;
};

Result<Template> Template::compile(std::string_view text) {
  auto parts = parse_parts(text);
  if (!parts) return std::move(parts).error();
  auto compiled = std::make_shared<Parts>();
  compiled->any_reference = std::any_of(
      parts->begin(), parts->end(), [](const Part& part) { return part.reference.has_value(); });
  compiled->all = std::move(*parts);
  Template result;
  result.parts_ = std::move(compiled);
  return result;
}

// A default-made Template is the empty text.
Result<Json> Template::evaluate(const Source& source) const {
  if (!parts_) return Json("");
  Budget budget;
  return evaluate_parts(parts_->all, source, budget, 0);
}

Result<std::string> Template::evaluate_text(const Source& source) const {
  if (!parts_) return std::string();
  Budget budget;
  return evaluate_parts_text(parts_->all, source, budget);
}

bool Template::has_references() const { return parts_ && parts_->any_reference; }

bool Template::is_one_reference() const { return parts_ && params::is_one_reference(parts_->all); }

void Template::list(std::vector<ReferenceInfo>& out, std::string_view pointer) const {
  if (parts_) list_references(parts_->all, out, pointer);
}

bool has_reference(std::string_view text) {
  const auto parts = parse_parts(text);
  // A text that means to refer and fails is reported as that, so it must not count as a plain one.
  return !parts || std::any_of(parts->begin(), parts->end(),
                               [](const Part& part) { return part.reference.has_value(); });
}

}  // namespace pilot::params
