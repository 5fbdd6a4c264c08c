// What an import leaves out, counted by kind so that a document cannot make the list long.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "providers/openapi/import.h"

namespace pilot::providers::openapi {

class Notes {
 public:
  // The place that following notes are about.
  void at(std::string pointer) { pointer_ = std::move(pointer); }
  const std::string& place() const { return pointer_; }
  void add(std::string_view code, std::string_view message);
  void take(const Notes& others);
  std::vector<Note> list() const { return list_; }

 private:
  void count(const Note& note);
  std::string pointer_;
  std::vector<Note> list_;
};

}  // namespace pilot::providers::openapi
