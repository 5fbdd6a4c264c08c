// One schema of the document with its $refs followed and its allOf put together: what holds for one
// value. It borrows from the document and copies nothing.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "providers/openapi/document.h"

namespace pilot::providers::openapi {

class SchemaView {
 public:
  using Member = std::pair<std::string_view, const Json*>;

  SchemaView(Document& document, const Json& schema, Notes& notes);

  const Json* get(std::string_view key) const;  // null: not said
  std::string_view text(std::string_view key) const;
  bool flag(std::string_view key) const;
  const std::vector<Member>& properties() const { return properties_; }
  const Json* property(std::string_view name) const;
  bool requires_member(std::string_view name) const;
  // The schemas that $refs led to, to find recursion by.
  const std::vector<const Json*>& targets() const { return targets_; }
  // Part of it is not known (a broken $ref, too deep): check nothing that could be wrong.
  bool unknown() const { return unknown_; }

  // In the order in which they are said; without "null". Of `type`, or of what else there is.
  std::vector<std::string_view> types() const;
  bool nullable() const;
  bool is_object() const;
  bool read_only() const { return flag("readOnly"); }

 private:
  void gather(const Json& schema, int level);
  void gather_properties(const JsonObject& members);
  std::optional<std::size_t> place_of(std::string_view property);
  void set(std::string_view key, const Json& value);

  Document& document_;
  Notes& notes_;
  std::vector<Member> keywords_;
  std::vector<Member> properties_;
  std::unordered_map<std::string_view, std::size_t> places_;  // once there are many properties
  std::vector<std::string_view> required_;                    // sorted
  std::vector<const Json*> targets_;
  bool unknown_ = false;
};

}  // namespace pilot::providers::openapi
