// What the engine's tests share: a world with one process, and short ways to write plans.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/world_for_test.h"

namespace pilot::engine {

class EngineTest : public testing::Test {
 protected:
  explicit EngineTest(const std::function<void(providers::Registry&)>& more = {})
      : world_(7, more) {
    world.boot();
    EXPECT_TRUE(world.start());
  }
  static std::string post(std::string_view id, std::string_view more = "") {
    return fmt::format(
        R"({{"id":"{0}","provider":"http","action":"post",
                    "params":{{"url":"https://p.test/{0}"}}{1}{2}}})",
        id, more.empty() ? "" : ",", more);
  }
  static std::string get(std::string_view id, std::string_view more = "") {
    return fmt::format(
        R"({{"id":"{0}","provider":"http","action":"get",
                    "params":{{"url":"https://p.test/{0}"}}{1}{2}}})",
        id, more.empty() ? "" : ",", more);
  }
  static std::string set(std::string_view id, std::string_view params) {
    return fmt::format(R"({{"id":"{}","provider":"logic","action":"set","params":{}}})", id,
                       params);
  }
  static std::string steps(std::initializer_list<std::string> all) {
    std::string out;
    for (const auto& step : all) out += (out.empty() ? "" : ",") + step;
    return R"({"steps":[)" + out + "]}";
  }
  std::size_t sent(std::string_view id) {
    const auto& all = world_.process().transport.requests();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const auto& request) {
      return request.url == fmt::format("https://p.test/{}", id);
    }));
  }
  Executed execute(const std::string& plan, Json inputs = JsonObject{}) {
    auto result = world.execute(plan, std::move(inputs));
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    return result ? std::move(*result) : Executed{};
  }

  World world_;
  World& world = world_;
};

}  // namespace pilot::engine
