// Schemas of the document in the vocabulary of schema/schema.h, written out in full ($refs are put
// in). What that vocabulary cannot say is left out, so the result may allow more than the document,
// never less. Bounded by depth and by a number of bytes.
#pragma once

#include "providers/openapi/schema_view.h"

namespace pilot::providers::openapi {

// How far one action's schemas are written out.
struct Extent {
  int depth = 6;  // objects and lists inside one another; what lies deeper is any value
  std::size_t bytes = 64'000;  // about; past it `Converter::full` is set and the rest is left out
  bool descriptions = true;    // of what is inside of params
};

class Converter {
 public:
  Converter(Document& document, Notes& notes, const Extent& extent)
      : document_(document), notes_(notes), extent_(extent) {}

  // `schema` is the document's; a param that stands for it may want other words beside.
  JsonObject convert(const Json& schema);
  JsonObject convert(const SchemaView& view) { return convert(view, extent_.depth); }
  bool full() const { return full_; }

  SchemaView view(const Json& schema) { return SchemaView(document_, schema, notes_); }
  Document& document() { return document_; }
  Notes& notes() { return notes_; }
  // Counts what a caller adds beside.
  void spend(std::size_t bytes);

 private:
  JsonObject convert(const Json& schema, int depth) { return convert(view(schema), depth); }
  JsonObject convert(const SchemaView& view, int depth);
  JsonObject inside(const SchemaView& view, int depth);
  void add_type(JsonObject& out, const SchemaView& view);
  void add_choices(JsonObject& out, const SchemaView& view);
  void add_text_rules(JsonObject& out, const SchemaView& view);
  void add_pattern(JsonObject& out, std::string_view pattern);
  void add_number_rules(JsonObject& out, const SchemaView& view);
  void add_items(JsonObject& out, const SchemaView& view, int depth);
  void add_members(JsonObject& out, const SchemaView& view, int depth);
  void add_branches(JsonObject& out, const SchemaView& view, int depth);
  void copy_count(JsonObject& out, const SchemaView& view, std::string_view key);

  Document& document_;
  Notes& notes_;
  Extent extent_;
  std::size_t used_ = 0;
  bool full_ = false;
  int level_ = 0;
  std::size_t patterns_ = 0;
  std::vector<const Json*> path_;  // the targets of $refs that we are inside of
};

}  // namespace pilot::providers::openapi
