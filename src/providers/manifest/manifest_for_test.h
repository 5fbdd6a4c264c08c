// For tests only: a manifest from text, and calls of its actions.
#pragma once

#include <gtest/gtest.h>

#include "base/yaml.h"
#include "providers/call_for_test.h"
#include "providers/manifest/load.h"

namespace pilot::providers::manifest {

inline Loaded load_text(std::string_view yaml) {
  const Result<Json> document = parse_yaml(yaml);
  EXPECT_TRUE(document.has_value()) << (document ? "" : document.error().message);
  return document ? load(*document) : Loaded{};
}

// "/pointer code: message", one a line.
inline std::string faults_of(std::string_view yaml) {
  std::string out;
  for (const Problem& problem : load_text(yaml).problems) {
    out += fmt::format("{} {}: {}\n", problem.pointer, problem.code, problem.message);
  }
  return out;
}

struct ManifestCall {
  ManifestCall(std::string_view yaml, std::string_view action_name, std::string_view params_json,
               std::map<std::string, std::string> credentials = {})
      : loaded(load_text(yaml)),
        params(json(params_json)),
        connection(connection_of(std::move(credentials))) {
    for (const Problem& p : loaded.problems) ADD_FAILURE() << p.pointer << ": " << p.message;
    if (!loaded.provider) return;
    action = loaded.provider->find(action_name);
    EXPECT_NE(action, nullptr) << action_name;
    if (action != nullptr) checked = check_params(*action, params);
  }

  Call call() const {
    return {.provider = loaded.provider->name,
            .action = action->name,
            .params = params,
            .connection = connection,
            .user = "local",
            .run = "run",
            .step = "step_1",
            .idempotency_key = key,
            .now = now};
  }
  const HttpAction& http() const { return std::get<HttpAction>(action->body); }
  Result<http::Request> build() const {
    if (!checked) return checked.error();
    return http().build(call());
  }
  http::Request request() const {
    Result<http::Request> built = build();
    EXPECT_TRUE(built.has_value()) << (built ? "" : built.error().message);
    return built ? *built : http::Request{};
  }
  ProviderResult read(const http::Response& response) const {
    return http().read(call(), response);
  }

  Loaded loaded;
  const Action* action = nullptr;
  Json params;
  Connection connection;
  Status checked;
  std::string key = "0d6c5b9c-7a4e-8f3a-9b1c-3f7b6f3f7a11";
  WallTime now{std::chrono::seconds{1'440'938'160}};  // 2015-08-30T12:36:00Z: AWS's vectors
};

}  // namespace pilot::providers::manifest
