// One compiled schema object; internal to schema/. Nodes live in the Tree of their root, point at
// one another (a $ref may lead in a circle) and into the document that the tree keeps. Immutable
// after compile; any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "schema/schema.h"
#include "schema/schema_format.h"
#include "schema/schema_pattern.h"

namespace pilot::schema {

// The types of JSON Schema as bits; an integer has `number` too.
enum Type : unsigned {
  type_null = 1,
  type_boolean = 2,
  type_integer = 4,
  type_number = 8,
  type_string = 16,
  type_array = 32,
  type_object = 64,
};

struct PatternNode {
  std::shared_ptr<const Pattern> pattern;
  const Schema::Node* node;
};

// The keywords of one kind of value. Most schemas have those of one kind or of none, and there are
// thousands of schemas in memory: what is not there takes a pointer's room, and reads as nothing.
template <class Keywords>
class Part {
 public:
  const Keywords* operator->() const { return kept_ ? kept_.get() : &none(); }
  Keywords& make() {
    if (!kept_) kept_ = std::make_unique<Keywords>();
    return *kept_;
  }

 private:
  static const Keywords& none() {
    static const Keywords kNone;
    return kNone;
  }
  std::unique_ptr<Keywords> kept_;
};

struct NumberKeywords {
  const Json* minimum = nullptr;
  const Json* maximum = nullptr;
  const Json* exclusive_minimum = nullptr;
  const Json* exclusive_maximum = nullptr;
  const Json* multiple_of = nullptr;
};

struct StringKeywords {
  std::optional<std::uint64_t> min_length, max_length;  // code points
  std::shared_ptr<const Pattern> pattern;
  Format format = Format::none;
};

struct ObjectKeywords {
  std::unordered_map<std::string_view, const Schema::Node*> properties;
  std::vector<std::string_view> property_names;  // in the document's order
  std::vector<std::string_view> required;
  std::vector<PatternNode> pattern_properties;
  const Schema::Node* additional_properties = nullptr;
  const Schema::Node* names = nullptr;  // propertyNames
  std::optional<std::uint64_t> min_properties, max_properties;
};

struct ArrayKeywords {
  std::vector<const Schema::Node*> prefix_items;
  const Schema::Node* items = nullptr;
  const Schema::Node* contains = nullptr;
  std::optional<std::uint64_t> min_items, max_items;
  bool unique_items = false;
};

struct EnumKeywords {
  std::unordered_set<std::string> scalars;  // in canonical text
  std::vector<const Json*> nested;          // arrays and objects
};

struct BranchKeywords {
  std::vector<const Schema::Node*> any_of, one_of, all_of;
  const Schema::Node* excluded = nullptr;  // not
};

struct Schema::Node {
  const Json* document = nullptr;  // the whole one, not this node's part
  bool forbidden = false;          // the schema `false`
  bool secret = false;             // writeOnly: its values stay out of messages
  unsigned types = 0;              // bits of Type; 0 is any

  const JsonArray* choices = nullptr;  // enum
  const Json* constant = nullptr;
  const Node* reference = nullptr;  // $ref

  Part<EnumKeywords> chosen;
  Part<NumberKeywords> number;
  Part<StringKeywords> string;
  Part<ObjectKeywords> object;
  Part<ArrayKeywords> array;
  Part<BranchKeywords> branches;
};

// What a Schema shares: the document first, since the nodes point into it.
struct Tree {
  Json document;
  std::deque<Schema::Node> nodes;  // a deque: nodes never move
};

}  // namespace pilot::schema
