// Reads yaml-cpp's events into a flat list of nodes, then makes the Json value from it: aliases are
// copied only there, where nodes, bytes and depth are counted, so that an alias bomb stops early.
#include "base/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <cstdint>
#include <exception>
#include <sstream>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/yaml_scalar.h"

namespace pilot {
namespace {

// Comes out through yaml-cpp's frames; does not leave this file.
struct Refusal : std::exception {
  explicit Refusal(Error e) : error(std::move(e)) {}
  Error error;
};

[[noreturn]] void refuse(const YAML::Mark& mark, std::string code, const std::string& why) {
  if (mark.is_null()) throw Refusal(invalid(std::move(code), why));
  const std::string where = fmt::format("line {}, column {}", mark.line + 1, mark.column + 1);
  throw Refusal(invalid(std::move(code), where + ": " + why, where));
}

struct Node {
  enum class Kind { null, plain, text, sequence, map, alias };
  Kind kind;
  YAML::Mark mark;
  std::string text = {};
  std::vector<std::uint32_t> children = {};  // of a map: key, value, key, value
  std::uint32_t target = 0;                  // of an alias
  bool open = false;                         // a container that has not ended
};

class Collector final : public YAML::EventHandler {
 public:
  explicit Collector(const JsonLimits& limits) : limits_(limits) {}

  const std::vector<Node>& nodes() const { return nodes_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (begun_) refuse(mark, "yaml_limit", "a second document; only one is read");
    begun_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add({.kind = Node::Kind::null, .mark = mark}, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(mark, "invalid_yaml", "an alias without its anchor");
    if (nodes_[found->second].open) {
      refuse(mark, "yaml_limit", "an alias to something that it is a part of");
    }
    add({.kind = Node::Kind::alias, .mark = mark, .target = found->second}, YAML::NullAnchor);
  }

  // "?" is yaml-cpp's word for a plain scalar without a tag; quoted ones and those with a tag are
  // texts.
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    add({.kind = tag == "?" ? Node::Kind::plain : Node::Kind::text, .mark = mark, .text = value},
        anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(Node::Kind::sequence, mark, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(Node::Kind::map, mark, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapEnd() override { end(); }

 private:
  void begin(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (parents_.size() == limits_.max_depth) {
      refuse(mark, "yaml_limit",
             fmt::format("more than {} levels of lists and maps", limits_.max_depth));
    }
    parents_.push_back(add({.kind = kind, .mark = mark, .open = true}, anchor));
  }
  void end() {
    nodes_[parents_.back()].open = false;
    parents_.pop_back();
  }

  std::uint32_t add(Node node, YAML::anchor_t anchor) {
    if (nodes_.size() == limits_.max_nodes) {
      refuse(node.mark, "yaml_limit", fmt::format("more than {} values", limits_.max_nodes));
    }
    const auto index = static_cast<std::uint32_t>(nodes_.size());
    if (!parents_.empty()) nodes_[parents_.back()].children.push_back(index);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = index;
    nodes_.push_back(std::move(node));
    return index;
  }

  const JsonLimits& limits_;
  bool begun_ = false;
  std::vector<Node> nodes_;  // the first is the root
  std::vector<std::uint32_t> parents_;
  std::unordered_map<YAML::anchor_t, std::uint32_t> anchors_;
};

class Converter {
 public:
  Converter(const std::vector<Node>& nodes, const JsonLimits& limits)
      : nodes_(nodes), limits_(limits) {}

  Json convert(std::uint32_t index, std::size_t depth) {
    const Node& node = nodes_[index];
    if (node.kind == Node::Kind::alias) return convert(node.target, depth);
    count(node, node.text.size());
    switch (node.kind) {
      case Node::Kind::null:
        return nullptr;
      case Node::Kind::text:
        return Json(node.text);
      case Node::Kind::plain:
        return plain(node);
      case Node::Kind::sequence:
        return sequence(node, depth);
      case Node::Kind::map:
        return map(node, depth);
      case Node::Kind::alias:
        break;
    }
    return nullptr;
  }

 private:
  void count(const Node& node, std::size_t bytes) {
    bytes_ += bytes;
    if (++used_ > limits_.max_nodes) {
      refuse(node.mark, "yaml_limit",
             fmt::format("more than {} values with aliases", limits_.max_nodes));
    }
    if (bytes_ > limits_.max_bytes) {
      refuse(node.mark, "yaml_limit",
             fmt::format("more than {} bytes of text with aliases", limits_.max_bytes));
    }
  }

  void check_depth(const Node& node, std::size_t depth) const {
    if (depth < limits_.max_depth) return;
    refuse(node.mark, "yaml_limit",
           fmt::format("more than {} levels of lists and maps", limits_.max_depth));
  }

  Json plain(const Node& node) const {
    Result<Json> value = yaml_plain_scalar(node.text);
    if (!value && limits_.lenient_numbers) return Json(node.text);
    if (!value) refuse(node.mark, value.error().code, value.error().message);
    return *std::move(value);
  }

  Json sequence(const Node& node, std::size_t depth) {
    check_depth(node, depth);
    JsonArray array;
    array.reserve(node.children.size());
    for (const std::uint32_t child : node.children) array.push_back(convert(child, depth + 1));
    return array;
  }

  Json map(const Node& node, std::size_t depth) {
    check_depth(node, depth);
    JsonObject object;
    object.reserve(node.children.size() / 2);
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      const Node& key = nodes_[node.children[i]];
      const std::string_view text = key_text(key);
      if (++keys_ > limits_.max_keys) {
        refuse(key.mark, "yaml_limit", fmt::format("more than {} keys", limits_.max_keys));
      }
      count(key, text.size());
      Json value = convert(node.children[i + 1], depth + 1);
      if (object.emplace(text, std::move(value)).second) continue;
      refuse(key.mark, "duplicate_key",
             fmt::format("the key \"{}\" occurs twice in one map; remove one",
                         printable(utf8_prefix(text, 100))));
    }
    return object;
  }

  // Keys are texts in JSON, whatever they would be in YAML.
  std::string_view key_text(const Node& key) const {
    const Node& node = key.kind == Node::Kind::alias ? nodes_[key.target] : key;
    switch (node.kind) {
      case Node::Kind::null:
        return "null";
      case Node::Kind::plain:
        if (node.text == "<<") {
          refuse(key.mark, "invalid_yaml",
                 "merge keys (<<) are not a part of YAML 1.2; write the members here");
        }
        return node.text;
      case Node::Kind::text:
        return node.text;
      default:
        refuse(key.mark, "invalid_yaml", "a list or a map as a key; keys are texts");
    }
  }

  const std::vector<Node>& nodes_;
  const JsonLimits& limits_;
  std::size_t used_ = 0;
  std::size_t bytes_ = 0;
  std::size_t keys_ = 0;
};

// yaml-cpp takes any bytes, and the byte 4 for the end of the file.
void check_characters(std::string_view text) {
  YAML::Mark mark;
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    if (control && c != '\n' && c != '\r' && c != '\t') {
      refuse(mark, "invalid_yaml", "a control character; in quotes, write it like \"\\x1b\"");
    }
    ++mark.column;
    if (c != '\n') continue;
    ++mark.line;
    mark.column = 0;
  }
  if (is_valid_utf8(text)) return;
  mark = {};
  while (text.find('\n') != std::string_view::npos &&
         is_valid_utf8(text.substr(0, text.find('\n')))) {
    text.remove_prefix(text.find('\n') + 1);
    ++mark.line;
  }
  refuse(mark, "invalid_yaml", "this line is not UTF-8");
}

Json read(std::string_view text, const JsonLimits& limits) {
  check_characters(text);
  std::istringstream in{std::string(text)};
  YAML::Parser parser(in);
  Collector collector(limits);
  if (!parser.HandleNextDocument(collector)) return nullptr;
  parser.HandleNextDocument(collector);  // refuses a second one
  if (collector.nodes().empty()) return nullptr;
  return Converter(collector.nodes(), limits).convert(0, 0);
}

// One part of a JSON pointer, its escapes taken out.
std::string pointer_part(std::string_view part) {
  std::string out;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const bool escaped = part[i] == '~' && i + 1 < part.size();
    out += escaped ? (part[++i] == '1' ? '/' : '~') : part[i];
  }
  return out;
}

// The node under `part`, and the line it begins on (for a member of a map that of its key).
const Node* step_into(const std::vector<Node>& nodes, const Node& node, const std::string& part,
                      int& line) {
  const Node& at = node.kind == Node::Kind::alias ? nodes[node.target] : node;
  if (at.kind == Node::Kind::sequence) {
    for (std::size_t i = 0; i < at.children.size(); ++i) {
      if (std::to_string(i) != part) continue;
      line = nodes[at.children[i]].mark.line + 1;
      return &nodes[at.children[i]];
    }
  }
  if (at.kind != Node::Kind::map) return nullptr;
  for (std::size_t i = 0; i + 1 < at.children.size(); i += 2) {
    if (nodes[at.children[i]].text != part) continue;
    line = nodes[at.children[i]].mark.line + 1;
    return &nodes[at.children[i + 1]];
  }
  return nullptr;
}

}  // namespace

int yaml_line(std::string_view text, std::string_view pointer) {
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    const JsonLimits limits;
    Collector collector(limits);
    if (!parser.HandleNextDocument(collector) || collector.nodes().empty()) return 0;
    const Node* node = &collector.nodes().front();
    int line = 1;
    while (node != nullptr && pointer.starts_with('/')) {
      pointer.remove_prefix(1);
      const std::string_view part = pointer.substr(0, pointer.find('/'));
      pointer.remove_prefix(part.size());
      node = step_into(collector.nodes(), *node, pointer_part(part), line);
    }
    return line;
  } catch (const std::exception&) {
    return 0;
  }
}

Result<Json> parse_yaml(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return too_large("yaml_limit", fmt::format("{} bytes of YAML; at most {} are taken",
                                               text.size(), limits.max_bytes));
  }
  try {
    try {
      return read(text, limits);
    } catch (const YAML::Exception& error) {
      refuse(error.mark, "invalid_yaml", printable(utf8_prefix(error.msg, 300)));
    }
  } catch (const Refusal& refusal) {
    return refusal.error;
  }
}

}  // namespace pilot
