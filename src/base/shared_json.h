// A JSON value that many hold and nobody changes: the output of a step stands in its attempt's row,
// in what references see and in the run's row, and may have megabytes. A copy costs a reference.
// Copies may live on different threads: what they share is never changed.
#pragma once

#include <atomic>
#include <concepts>
#include <memory>
#include <utility>

#include "base/json.h"

namespace pilot {

class SharedJson {
 public:
  SharedJson() = default;  // null, which takes no room

  // Implicit, so that whoever makes a value need not know how it is kept.
  template <class T>
  requires(!std::same_as<std::remove_cvref_t<T>, SharedJson> && std::constructible_from<Json, T>)
      SharedJson(T&& value)
      : SharedJson(Json(std::forward<T>(value)), Made{}) {}

  const Json& operator*() const noexcept { return held_ ? *held_ : null(); }
  const Json* operator->() const noexcept { return &**this; }
  bool is_null() const noexcept { return held_ == nullptr; }

  // The value itself: not copied by the last one who holds it.
  Json take() && {
    if (held_.use_count() != 1) return **this;
    std::atomic_thread_fence(std::memory_order_acquire);  // after whoever let go last
    return std::move(*std::exchange(held_, nullptr));
  }

  friend bool operator==(const SharedJson& a, const SharedJson& b) {
    return a.held_ == b.held_ || *a == *b;
  }

 private:
  struct Made {};
  SharedJson(Json&& value, Made /*tag*/) {
    if (!value.is_null()) held_ = std::make_shared<Json>(std::move(value));
  }
  static const Json& null() noexcept {
    static const Json kNull;
    return kNull;
  }

  std::shared_ptr<Json> held_;
};

}  // namespace pilot
