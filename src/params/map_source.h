// A Source over plain JSON, for tests and fuzzers: {"steps": {...},
// "inputs": ..., ...}. Any thread as long as nobody changes the document.
#pragma once

#include <utility>

#include "params/source.h"

namespace pilot::params {

class MapSource final : public Source {
 public:
  explicit MapSource(Json document) : document_(std::move(document)) {}

  const Json* root(std::string_view name) const override {
    return name == "steps" ? nullptr : find(document_, name);
  }
  std::optional<StepView> step(std::string_view key) const override {
    const Json* steps = find(document_, "steps");
    const Json* step = steps == nullptr ? nullptr : find(*steps, key);
    if (step == nullptr) return std::nullopt;
    return StepView{step, find(*step, "output")};
  }

 private:
  Json document_;
};

}  // namespace pilot::params
