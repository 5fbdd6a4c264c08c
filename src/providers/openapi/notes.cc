#include "providers/openapi/notes.h"

#include <algorithm>

namespace pilot::providers::openapi {
namespace {

constexpr std::size_t kKinds = 200;  // different notes of one import

}  // namespace

void Notes::count(const Note& note) {
  const auto known = std::find_if(list_.begin(), list_.end(), [&](const Note& other) {
    return other.code == note.code && other.message == note.message;
  });
  if (known != list_.end()) {
    known->count += note.count;
  } else if (list_.size() < kKinds) {
    list_.push_back(note);
  }
}

void Notes::add(std::string_view code, std::string_view message) {
  count({std::string(code), std::string(message), pointer_, 1});
}

void Notes::take(const Notes& others) {
  for (const Note& note : others.list_) count(note);
}

Json to_json_value(const std::vector<Note>& notes) {
  JsonArray out;
  for (const Note& note : notes) {
    out.push_back(JsonObject{{"code", note.code},
                             {"message", note.message},
                             {"pointer", note.pointer},
                             {"count", note.count}});
  }
  return out;
}

}  // namespace pilot::providers::openapi
