// Reads a manifest's document and collects what is wrong with it, with JSON pointers (load.h turns
// them into lines). Used while loading only, on one thread.
#pragma once

#include <initializer_list>
#include <optional>

#include "base/json.h"
#include "jq/jq.h"
#include "model/problem.h"
#include "providers/manifest/text.h"

namespace pilot::providers::manifest {

class Faults {
 public:
  void add(std::string pointer, std::string code, std::string message) {
    if (list_.size() < 50)
      list_.push_back({std::move(pointer), std::move(code), std::move(message)});
  }
  bool none() const { return list_.empty(); }
  Problems take() { return std::move(list_); }

 private:
  Problems list_;
};

// One map of the document. Every getter of a key that has another type is a fault.
class Map {
 public:
  // A `value` that is no map is a fault; the map is empty then.
  Map(const Json& value, std::string pointer, Faults& faults);

  // Another key than these is a fault, with the nearest one.
  void only(std::initializer_list<std::string_view> keys) const;

  const Json* get(std::string_view key) const { return find(object(), key); }
  bool has(std::string_view key) const { return get(key) != nullptr; }
  std::string text(std::string_view key, std::string_view otherwise = {}) const;
  std::optional<Text> templated(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;
  bool flag(std::string_view key, bool otherwise) const;
  std::vector<std::string> texts(std::string_view key) const;  // also one text
  jq::ProgramPtr program(std::string_view key) const;          // null when it is not there
  jq::ProgramPtr program(std::string_view key, const std::vector<std::string>& vars) const;
  std::optional<Map> map(std::string_view key) const;

  const JsonObject& object() const { return *object_; }
  const std::string& pointer() const { return pointer_; }
  std::string at(std::string_view key) const { return pointer_join(pointer_, key); }
  void fault(std::string_view key, std::string code, std::string message) const {
    faults_.add(key.empty() ? pointer_ : at(key), std::move(code), std::move(message));
  }
  Faults& faults() const { return faults_; }

 private:
  const JsonObject* object_;
  std::string pointer_;
  Faults& faults_;
};

inline std::string_view key_of(const JsonObject::value_type& member) {
  return {member.key().data(), member.key().size()};
}

// A jq program of a manifest; none with a fault.
jq::ProgramPtr compile_program(const Json& value, const std::string& pointer, Faults& faults);
jq::ProgramPtr compile_program(const Json& value, const std::vector<std::string>& vars,
                               const std::string& pointer, Faults& faults);
std::optional<Text> compile_text(const Json& value, const std::string& pointer, Faults& faults);

bool is_snake_case(std::string_view name);

}  // namespace pilot::providers::manifest
