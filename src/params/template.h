// References in texts (design.md, References): `${steps.fetch.output.items[0].name | upper}`, the
// old `{{step_1.output}}` (one-based), and `$${` for a literal `${`. Compiled once, immutable, any
// thread; one pass: what a reference brings in is never looked at again.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "model/problem.h"
#include "params/source.h"

namespace pilot::params {

// What a reference names, for the checks when a plan is saved.
struct ReferenceInfo {
  std::string text;               // as written, without ${ }
  std::string root;               // steps, trigger, inputs, item, index, run, plan, user, vars
  std::string step;               // for steps: the id or position
  std::vector<std::string> path;  // parts after the root (and the step)
  bool has_default = false;
  std::string pointer;  // of the string it stands in
};

// One string. A string that is exactly one reference gives its value with its type; otherwise text.
class Template {
 public:
  // Codes: invalid_reference (with the column), unknown_filter (with the nearest),
  // template_too_large.
  static Result<Template> compile(std::string_view text);

  // Error code unresolved_reference with the full path in the message.
  Result<Json> evaluate(const Source& source) const;
  Result<std::string> evaluate_text(const Source& source) const;

  bool has_references() const;
  bool is_one_reference() const;
  void list(std::vector<ReferenceInfo>& out, std::string_view pointer) const;

  struct Parts;  // internal

 private:
  std::shared_ptr<const Parts> parts_;
};

// A whole JSON value with templates in its strings, at any depth; keys are not looked at.
class ParamTree {
 public:
  // Collects all problems; pointers under `base`.
  static std::optional<ParamTree> compile(const Json& value, std::string_view base, Problems& out);

  // Error code unresolved_reference; pointer of the string under "" (the params).
  Result<Json> evaluate(const Source& source) const;
  bool has_references() const;
  const std::vector<ReferenceInfo>& references() const;

  struct Node;  // internal

 private:
  std::shared_ptr<const Node> root_;
  std::shared_ptr<const std::vector<ReferenceInfo>> references_;
};

// True for a text that holds at least one reference (so its value is known only at run time).
bool has_reference(std::string_view text);

// The names of the filters, for docs, messages and completion.
std::vector<std::string> filter_names();

}  // namespace pilot::params
