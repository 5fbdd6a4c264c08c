// For tests only: calls with owned params and connection, requests and answers in one line.
#pragma once

#include <gtest/gtest.h>

#include "providers/registry.h"
#include "providers/request_view.h"

namespace pilot::providers {

inline const Registry& native_registry() {
  static const std::unique_ptr<const Registry> registry = [] {
    auto made = std::make_unique<Registry>();
    register_native_providers(*made);
    return made;
  }();
  return *registry;
}

inline Connection connection_of(std::map<std::string, std::string> values) {
  Connection out;
  for (auto& [type, value] : values) out.values.emplace(type, Secret{value});
  return out;
}

inline Json json(std::string_view text) {
  Result<Json> parsed = parse_json(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed ? *parsed : Json(nullptr);
}

inline http::Response answer(int status, std::string body,
                             std::vector<http::Header> headers = {
                                 {"Content-Type", "application/json"}}) {
  http::Response out;
  out.status = status;
  out.body = std::move(body);
  out.headers = std::move(headers);
  return out;
}

// One call of a native action, its params checked and completed as the engine does.
struct TestCall {
  TestCall(std::string provider_name, std::string action_name, std::string_view params_json,
           std::map<std::string, std::string> credentials = {})
      : provider(native_registry().find(provider_name)),
        action(provider == nullptr ? nullptr : provider->find(action_name)),
        params(json(params_json)),
        connection(connection_of(std::move(credentials))) {
    EXPECT_NE(action, nullptr) << provider_name << "." << action_name;
    if (action != nullptr) checked = check_params(*action, params);
  }

  Call call() const {
    return {.provider = provider->name,
            .action = action->name,
            .params = params,
            .connection = connection,
            .user = "local",
            .run = "run",
            .step = "step_1",
            .idempotency_key = key,
            .now = now};
  }
  Result<http::Request> build() const {
    if (!checked) return checked.error();
    return std::get<HttpAction>(action->body).build(call());
  }
  Result<http::Mail> mail() const {
    if (!checked) return checked.error();
    return std::get<MailAction>(action->body).build(call());
  }
  ProviderResult read(const http::Response& response) const {
    return std::get<HttpAction>(action->body).read(call(), response);
  }
  LogicOutcome run() const { return std::get<LogicAction>(action->body).run(call()); }
  EffectClass effect() const { return action->effect_for(params); }

  const Provider* provider;
  const Action* action;
  Json params;
  Connection connection;
  Status checked;
  std::string key = "0d6c5b9c-7a4e-8f3a-9b1c-3f7b6f3f7a11";
  WallTime now{std::chrono::seconds{1'800'000'000}};  // 2027-01-15T08:00:00Z
};

// Value of a header, "(none)" when it is not there.
inline std::string header_of(const http::Request& request, std::string_view name) {
  for (const http::Header& header : request.headers) {
    if (header.name == name) return header.value;
  }
  return "(none)";
}

}  // namespace pilot::providers
