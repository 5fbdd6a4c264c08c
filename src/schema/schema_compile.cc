// Schema::compile: the document becomes nodes, one for each schema in it, by a queue (never by
// recursion: the document may be deep, and a $ref may lead in a circle).
#include <algorithm>
#include <optional>
#include <utility>

#include "schema/schema_compiler.h"

namespace pilot::schema {

namespace {

constexpr std::size_t kNodes = 10'000;  // schemas in one document

using Node = Schema::Node;

std::optional<char> hex_byte(std::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return std::nullopt;
    value = value * 16 + digit;
  }
  return digits.size() == 2 ? std::optional(static_cast<char>(value)) : std::nullopt;
}

// %20 -> blank, as the fragment of a URI is written; nothing when it is malformed.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const std::optional<char> byte = hex_byte(text.substr(i + 1, 2));
    if (!byte) return std::nullopt;
    out += *byte;
    i += 2;
  }
  return out;
}

// ~1 -> /, ~0 -> ~
std::string unescaped(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size();
    if (escape && (token[i + 1] == '0' || token[i + 1] == '1')) {
      out += token[++i] == '0' ? '~' : '/';
    } else {
      out += token[i];
    }
  }
  return out;
}

const Json* item_at(const JsonArray& array, std::string_view token) {
  std::size_t index = 0;
  if (token.empty() || token.size() > 9 || (token.size() > 1 && token.front() == '0')) {
    return nullptr;
  }
  for (const char c : token) {
    if (c < '0' || c > '9') return nullptr;
    index = index * 10 + static_cast<std::size_t>(c - '0');
  }
  return index < array.size() ? &array[index] : nullptr;
}

// What a JSON pointer leads to, or null.
const Json* at_pointer(const Json& document, std::string_view pointer) {
  const Json* value = &document;
  while (value != nullptr && !pointer.empty()) {
    if (pointer.front() != '/') return nullptr;
    const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
    const std::string token = unescaped(pointer.substr(1, end - 1));
    pointer.remove_prefix(end);
    value = value->is_array() ? item_at(value->get_array(), token) : find(*value, token);
  }
  return value;
}

// The nodes that are checked against the very value that `node` is checked against.
std::vector<const Node*> in_place(const Node& node) {
  std::vector<const Node*> all;
  for (const auto* group :
       {&node.branches->any_of, &node.branches->one_of, &node.branches->all_of}) {
    all.insert(all.end(), group->begin(), group->end());
  }
  if (node.branches->excluded != nullptr) all.push_back(node.branches->excluded);
  if (node.reference != nullptr) all.push_back(node.reference);
  return all;
}

}  // namespace

Error invalid_schema(std::string message, const std::string& pointer) {
  return invalid("invalid_schema", std::move(message), pointer);
}

Error expected_schema_part(std::string_view what, const Json& value, const std::string& pointer) {
  const std::string message = "expected " + std::string(what) + ", got ";
  return invalid_schema(message + std::string(json_type_name(value)), pointer);
}

Status Compiler::run() {
  node_for(tree_.document, "");
  while (!queue_.empty()) {
    const Item item = std::move(queue_.front());
    queue_.pop_front();
    if (Status filled = fill(item); !filled) return filled;
    if (tree_.nodes.size() > kNodes) {
      return invalid_schema("it holds more than " + std::to_string(kNodes) + " schemas",
                            item.place);
    }
  }
  return check_circles();
}

const Node* Compiler::node_for(const Json& source, Place place) {
  const auto [entry, added] = known_.try_emplace(&source, nullptr);
  if (added) {
    Node& node = tree_.nodes.emplace_back();
    entry->second = &node;
    node.document = &tree_.document;
    places_.emplace(&node, place);
    queue_.push_back({&source, &node, std::move(place)});
  }
  return entry->second;
}

Status Compiler::fill(const Item& item) {
  if (item.source->is_bool()) {
    item.node->forbidden = !item.source->get_bool();
    return ok();
  }
  if (!item.source->is_object()) {
    return expected_schema_part("a schema (an object, true or false)", *item.source, item.place);
  }
  for (const auto& member : item.source->get_object()) {
    const std::string_view name = member.key();
    const Place place = pointer_join(item.place, name);
    const Reader read = reader_of(name);
    if (read == nullptr && is_annotation(name)) continue;
    if (read == nullptr) return unknown_keyword(name, place);
    if (Status done = (this->*read)(*item.node, member.value(), place); !done) return done;
  }
  const Json* write_only = find(*item.source, "writeOnly");
  item.node->secret = write_only != nullptr && *write_only == Json(true);
  return ok();
}

Status Compiler::read_reference(Node& node, const Json& value, const Place& place) {
  if (!value.is_string()) return expected_schema_part("a text that starts with #", value, place);
  const std::string_view text = as_view(value.get_string());
  if (!text.starts_with('#')) {
    return invalid_schema(
        "a $ref may only point into its own document, like \"#/$defs/name\"; nothing is fetched",
        place);
  }
  const std::optional<std::string> pointer = percent_decoded(text.substr(1));
  const Json* target = pointer ? at_pointer(tree_.document, *pointer) : nullptr;
  if (target == nullptr) {
    return invalid_schema("there is nothing at \"" + std::string(text) + "\" in this schema",
                          place);
  }
  node.reference = node_for(*target, *pointer);
  return ok();
}

Status Compiler::check_circles() const {
  enum class Mark { open, closed };
  struct Visit {
    const Node* node;
    std::vector<const Node*> next;
  };
  std::unordered_map<const Node*, Mark> marks;
  for (const Node& start : tree_.nodes) {
    if (!marks.try_emplace(&start, Mark::open).second) continue;
    std::vector<Visit> path;
    path.push_back({&start, in_place(start)});
    while (!path.empty()) {
      if (path.back().next.empty()) {
        marks[path.back().node] = Mark::closed;
        path.pop_back();
        continue;
      }
      const Node* next = path.back().next.back();
      path.back().next.pop_back();
      const auto [mark, added] = marks.try_emplace(next, Mark::open);
      if (added) {
        path.push_back({next, in_place(*next)});
      } else if (mark->second == Mark::open) {
        return invalid_schema(
            "this leads back to itself without going into the value ($ref, anyOf, oneOf, allOf, "
            "not)",
            places_.at(next));
      }
    }
  }
  return ok();
}

Result<Schema> Schema::compile(Json schema) {
  auto tree = std::make_shared<Tree>();
  // Not in the caller's memory resource.
  tree->document = Json(std::move(schema), boost::json::storage_ptr{});
  if (Status done = Compiler{*tree}.run(); !done) return done.error();
  Schema compiled;
  const Node* root = &tree->nodes.front();
  compiled.root_ = std::shared_ptr<const Node>(std::move(tree), root);
  return compiled;
}

const Json& Schema::document() const { return *root_->document; }

void fill_defaults(Json& object, const Json& schema_document) {
  const Json* properties = find(schema_document, "properties");
  if (!object.is_object() || properties == nullptr || !properties->is_object()) return;
  for (const auto& member : properties->get_object()) {
    const Json* value = find(member.value(), "default");
    if (value != nullptr) object.get_object().emplace(member.key(), *value);
  }
}

}  // namespace pilot::schema
