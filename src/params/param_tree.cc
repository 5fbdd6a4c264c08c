// A JSON value with templates in its strings. What holds no reference is kept as finished JSON, so
// that evaluating copies it and looks at nothing.
#include <fmt/format.h>

#include "params/reference.h"
#include "params/resolve.h"
#include "params/template.h"

namespace pilot::params {

struct ParamTree::Node {
  Json literal;                   // when there is nothing below
  std::vector<Part> parts;        // a text with references
  std::string pointer;            // of that text, under ""
  std::vector<Node> items;        // a list, or the members of an object
  std::vector<std::string> keys;  // an object, in order
  enum class Kind { literal, text, list, object } kind = Kind::literal;
};

namespace {

using Node = ParamTree::Node;

struct Compiler {
  std::string_view base;
  Problems& problems;
  std::vector<ReferenceInfo> references;

  Node compile(const Json& value, const std::string& pointer, std::size_t depth);
  Node compile_text(std::string_view text, const std::string& pointer);
  Node compile_list(const JsonArray& list, const std::string& pointer, std::size_t depth);
  Node compile_object(const JsonObject& object, const std::string& pointer, std::size_t depth);
  std::string full(std::string_view pointer) const { return fmt::format("{}{}", base, pointer); }
};

Node Compiler::compile(const Json& value, const std::string& pointer, std::size_t depth) {
  if (value.is_string()) return compile_text(as_view(value.get_string()), pointer);
  if (!value.is_array() && !value.is_object()) return {value, {}, {}, {}, {}};
  if (depth >= limits::kJsonDepth) {
    problems.push_back({full(pointer), "json_too_deep",
                        fmt::format("nested deeper than {} levels", limits::kJsonDepth)});
    return {};
  }
  return value.is_array() ? compile_list(value.get_array(), pointer, depth)
                          : compile_object(value.get_object(), pointer, depth);
}

Node Compiler::compile_text(std::string_view text, const std::string& pointer) {
  auto parts = parse_parts(text);
  Node node;
  if (!parts) {
    problems.push_back({full(pointer), parts.error().code, parts.error().message});
    return node;
  }
  if (parts->empty() || (parts->size() == 1 && !parts->front().reference)) {
    node.literal = text_json(parts->empty() ? std::string_view() : parts->front().literal);
    return node;
  }
  list_references(*parts, references, full(pointer));
  node.kind = Node::Kind::text;
  node.parts = std::move(*parts);
  node.pointer = pointer;
  return node;
}

bool all_literal(const std::vector<Node>& nodes) {
  return std::all_of(nodes.begin(), nodes.end(),
                     [](const Node& node) { return node.kind == Node::Kind::literal; });
}

Node Compiler::compile_list(const JsonArray& list, const std::string& pointer, std::size_t depth) {
  Node node;
  node.items.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    node.items.push_back(compile(list[i], pointer_join(pointer, i), depth + 1));
  }
  if (!all_literal(node.items)) {
    node.kind = Node::Kind::list;
    return node;
  }
  JsonArray out;
  out.reserve(node.items.size());
  for (auto& item : node.items) out.push_back(std::move(item.literal));
  return {std::move(out), {}, {}, {}, {}};
}

Node Compiler::compile_object(const JsonObject& object, const std::string& pointer,
                              std::size_t depth) {
  Node node;
  node.items.reserve(object.size());
  node.keys.reserve(object.size());
  for (const auto& member : object) {
    const std::string_view key(member.key().data(), member.key().size());
    node.keys.emplace_back(key);
    node.items.push_back(compile(member.value(), pointer_join(pointer, key), depth + 1));
  }
  if (!all_literal(node.items)) {
    node.kind = Node::Kind::object;
    return node;
  }
  JsonObject out;
  out.reserve(node.items.size());
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    out.emplace(node.keys[i], std::move(node.items[i].literal));
  }
  return {std::move(out), {}, {}, {}, {}};
}

Result<Json> evaluate_node(const Node& node, const Source& source, Budget& budget,
                           std::size_t depth) {
  switch (node.kind) {
    case Node::Kind::literal:
      return node.literal;
    case Node::Kind::text: {
      auto value = evaluate_parts(node.parts, source, budget, depth);
      if (!value) value.error().pointer = node.pointer;
      return value;
    }
    case Node::Kind::list: {
      JsonArray out;
      out.reserve(node.items.size());
      for (const auto& item : node.items) {
        auto value = evaluate_node(item, source, budget, depth + 1);
        if (!value) return value;
        out.push_back(std::move(*value));
      }
      return Json(std::move(out));
    }
    case Node::Kind::object: {
      JsonObject out;
      out.reserve(node.items.size());
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        auto value = evaluate_node(node.items[i], source, budget, depth + 1);
        if (!value) return value;
        out.emplace(node.keys[i], std::move(*value));
      }
      return Json(std::move(out));
    }
  }
  return Json(nullptr);
}

}  // namespace

std::optional<ParamTree> ParamTree::compile(const Json& value, std::string_view base,
                                            Problems& out) {
  const auto problems_before = out.size();
  Compiler compiler{base, out, {}};
  auto root = compiler.compile(value, "", 0);
  if (out.size() != problems_before) return std::nullopt;
  ParamTree tree;
  tree.root_ = std::make_shared<const Node>(std::move(root));
  tree.references_ =
      std::make_shared<const std::vector<ReferenceInfo>>(std::move(compiler.references));
  return tree;
}

// A default-made tree is null: a step without params.
Result<Json> ParamTree::evaluate(const Source& source) const {
  if (!root_) return Json(nullptr);
  if (root_->kind == Node::Kind::literal) return root_->literal;
  Budget budget;
  return evaluate_node(*root_, source, budget, 0);
}

bool ParamTree::has_references() const { return references_ && !references_->empty(); }

const std::vector<ReferenceInfo>& ParamTree::references() const {
  static const std::vector<ReferenceInfo> kNone;
  return references_ ? *references_ : kNone;
}

}  // namespace pilot::params
