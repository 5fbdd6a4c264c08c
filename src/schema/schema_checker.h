// One check of one value: walks nodes and value together and collects problems. Internal to
// schema/; made for one call, used by one thread.
//
// Values that `skip` takes for unknown fit everywhere, so a problem is told only when it is there
// whatever those values turn out to be: `not`, `oneOf` and `uniqueItems` look at what was skipped.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "schema/schema_node.h"
#include "schema/schema_value.h"

namespace pilot::schema {

// Where in the value we are; made into a JSON pointer only when there is a problem to tell.
struct Place {
  const Place* parent = nullptr;
  std::string_view key;  // of the root: the base pointer
  std::size_t index = 0;
  bool is_item = false;

  Place member(std::string_view name) const { return {this, name, 0, false}; }
  Place item(std::size_t number) const { return {this, {}, number, true}; }
  std::string pointer() const;
};

// What all parts of one check share.
struct CheckState {
  const Wildcard* skip = nullptr;  // null: nothing is unknown
  std::size_t skipped = 0;         // values that skip took so far
  std::size_t steps = 0;           // work done, bounded by kCheckSteps
  std::size_t depth = 0;
  bool secret = false;            // inside a part that is writeOnly
  const char* gave_up = nullptr;  // why the check stopped; the answer is then a problem
};

class Checker {
 public:
  // `most` problems are collected; with 0 only the answer counts.
  Checker(CheckState& state, std::size_t most) : state_(state), most_(most) {}

  bool check(const Schema::Node& node, const Json& value, const Place& place);

  Problems& problems() { return problems_; }
  // How many problems said that another kind of value was meant (type, const, enum): of two
  // branches the one with fewer is the one that was meant.
  std::size_t mismatches() const { return mismatches_; }

 private:
  using Node = Schema::Node;

  bool check_known(const Node& node, const Json& value, const Place& place);
  bool check_type(const Node& node, const Json& value, const Place& place);
  bool check_choice(const Node& node, const Json& value, const Place& place);
  bool check_number(const Node& node, const Json& value, const Place& place);
  bool check_string(const Node& node, const Json& value, const Place& place);

  bool check_array(const Node& node, const Json& value, const Place& place);
  bool check_unique(const Node& node, const Json& value, const Place& place);
  bool check_contains(const Node& node, const Json& value, const Place& place);

  bool check_object(const Node& node, const Json& value, const Place& place);
  bool check_member(const Node& node, std::string_view name, const Json& value, const Place& place);
  bool check_unknown_members(const Node& node, const JsonObject& object, const Place& place);
  bool check_required(const Node& node, const JsonObject& object, const Place& place);
  bool check_names(const Node& node, const JsonObject& object, const Place& place);
  bool is_declared(const Node& node, std::string_view name);
  bool has_unknown(const Json& value) const;

  bool check_branches(const Node& node, const Json& value, const Place& place);
  bool check_any_of(const Node& node, const Json& value, const Place& place);
  bool check_one_of(const Node& node, const Json& value, const Place& place);
  bool check_not(const Node& node, const Json& value, const Place& place);
  bool tell_branches(const std::vector<const Node*>& branches, const Json& value,
                     const Place& place);
  // Fits, and whether it does hangs on a value that was skipped.
  struct Trial {
    bool fits;
    bool certain;
  };
  Trial try_out(const Node& node, const Json& value, const Place& place);

  bool may_go_on() const {
    return state_.gave_up == nullptr && (most_ == 0 || problems_.size() < most_);
  }
  bool spend(std::size_t steps);
  // Adds the problem unless nobody asked for words; false always, for `return fail(...)`.
  bool fail(const Place& place, std::string_view code, const std::function<std::string()>& words);
  bool fail_value(const Node& node, const Json& value, const Place& place);
  void add(Problem problem);

  CheckState& state_;
  std::size_t most_;
  std::size_t mismatches_ = 0;
  Problems problems_;
};

}  // namespace pilot::schema
