// A parsed body that holds secrets: its texts are overwritten when it goes. One thread.
#pragma once

#include "base/json.h"

namespace pilot::api {

class Wiped {
 public:
  explicit Wiped(JsonObject object) : object_(std::move(object)) {}
  ~Wiped() { wipe_all(object_); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  const JsonObject& operator*() const { return object_; }

 private:
  static void wipe_all(JsonObject& object) {
    for (auto& member : object) {
      if (JsonObject* inner = member.value().if_object()) wipe_all(*inner);
      if (auto* value = member.value().if_string()) {
        volatile char* bytes = value->data();
        for (std::size_t i = 0; i < value->size(); ++i) bytes[i] = 0;
      }
    }
  }
  JsonObject object_;
};

}  // namespace pilot::api
