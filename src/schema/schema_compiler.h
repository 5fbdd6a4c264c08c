// How a schema document becomes nodes: see schema_compile.cc (the walk) and schema_keywords.cc
// (what each keyword may say). Internal to schema/; one compile, one thread.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schema/schema_node.h"
#include "schema/schema_value.h"

namespace pilot::schema {

// Every error of a compile: code invalid_schema.
Error invalid_schema(std::string message, const std::string& pointer);
Error expected_schema_part(std::string_view what, const Json& value, const std::string& pointer);

class Compiler {
 public:
  explicit Compiler(Tree& tree) : tree_(tree) {}
  Status run();

 private:
  using Node = Schema::Node;
  using Place = std::string;  // a JSON pointer
  struct Item {
    const Json* source;
    Node* node;
    Place place;
  };
  using Reader = Status (Compiler::*)(Node&, const Json&, const Place&);
  struct Keyword {
    std::string_view name;
    Reader read;
  };
  static const std::vector<Keyword>& keywords();
  static Reader reader_of(std::string_view name);
  static bool is_annotation(std::string_view name);  // kept and ignored
  static Error unknown_keyword(std::string_view name, const Place& place);

  // The node of the schema at this place, made and queued when it is new.
  const Node* node_for(const Json& source, Place place);
  Status fill(const Item& item);
  Result<std::shared_ptr<const Pattern>> pattern_of(std::string_view text, const Place& place);

  Status read_type(Node& node, const Json& value, const Place& place);
  Status read_enum(Node& node, const Json& value, const Place& place);
  Status read_const(Node& node, const Json& value, const Place& place);
  Status read_multiple_of(Node& node, const Json& value, const Place& place);
  Status read_pattern(Node& node, const Json& value, const Place& place);
  Status read_format(Node& node, const Json& value, const Place& place);
  Status read_unique_items(Node& node, const Json& value, const Place& place);
  Status read_properties(Node& node, const Json& value, const Place& place);
  Status read_pattern_properties(Node& node, const Json& value, const Place& place);
  Status read_required(Node& node, const Json& value, const Place& place);
  Status read_defs(Node& node, const Json& value, const Place& place);
  Status read_reference(Node& node, const Json& value, const Place& place);
  template <auto Member>
  Status read_number(Node& node, const Json& value, const Place& place);
  template <auto Keywords, auto Member>
  Status read_count(Node& node, const Json& value, const Place& place);
  template <auto Keywords, auto Member>
  Status read_schema(Node& node, const Json& value, const Place& place);
  template <auto Keywords, auto Member>
  Status read_schemas(Node& node, const Json& value, const Place& place);

  // Refuses schemas that lead back to themselves without going into the value.
  Status check_circles() const;

  Tree& tree_;
  std::deque<Item> queue_;
  std::unordered_map<const Json*, Node*> known_;
  std::unordered_map<const Node*, Place> places_;
  std::unordered_map<std::string_view, std::shared_ptr<const Pattern>> patterns_;
  std::size_t pattern_programs_ = 0;
};

}  // namespace pilot::schema
