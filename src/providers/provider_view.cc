#include "providers/provider_view.h"

namespace pilot::providers {
namespace {

JsonArray texts(const std::vector<std::string>& list) {
  JsonArray out;
  for (const std::string& entry : list) out.emplace_back(entry);
  return out;
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json field_json(const AuthField& field) {
  JsonObject out{{"type", field.type},
                 {"title", field.title},
                 {"secret", field.secret},
                 {"required", field.required}};
  if (!field.description.empty()) out["description"] = field.description;
  return out;
}

Json action_json(const Provider& provider, const Action& action) {
  JsonObject out{{"name", action.name},
                 {"title", action.title},
                 {"description", action.description},
                 {"aliases", texts(action.aliases)},
                 {"params", action.schema.document()},
                 {"effect", to_string(action.effect)}};
  if (action.effect_of) out["effect_depends_on_params"] = true;
  if (action.verify) out["verified_by"] = action.verify->action;
  if (action.timeout) out["timeout_ms"] = action.timeout->count();
  if (!action.docs.empty()) out["docs"] = action.docs;
  Json example = example_step(provider, action);
  if (!example.is_null()) out["example"] = std::move(example);
  return out;
}

Json rate_json(const RateLimit& rate) {
  JsonObject out{{"calls", rate.calls}, {"seconds", rate.per.count()}};
  if (rate.burst > 0) out["burst"] = rate.burst;
  if (rate.concurrency > 0) out["concurrency"] = rate.concurrency;
  return out;
}

}  // namespace

Json provider_brief(const Provider& provider) {
  JsonArray auth;
  for (const AuthField& field : provider.auth) auth.emplace_back(field.type);
  return JsonObject{{"name", provider.name},   {"title", provider.title},
                    {"kind", provider.kind},   {"category", provider.category},
                    {"auth", std::move(auth)}, {"actions", texts(provider.action_names())}};
}

JsonArray auth_json(const Provider& provider) {
  JsonArray auth;
  for (const AuthField& field : provider.auth) auth.push_back(field_json(field));
  return auth;
}

Json provider_page(const Provider& provider) {
  JsonArray actions;
  for (const Action& action : provider.actions) actions.push_back(action_json(provider, action));
  JsonObject out{{"name", provider.name},
                 {"title", provider.title},
                 {"description", provider.description},
                 {"kind", provider.kind},
                 {"category", provider.category},
                 {"docs", text_or_null(provider.docs)},
                 {"aliases", texts(provider.aliases)},
                 {"auth", auth_json(provider)},
                 {"auth_optional", provider.auth_optional},
                 {"oauth2", provider.oauth2 != nullptr},
                 {"test", text_or_null(provider.test_action)}};
  if (provider.rate) out["rate"] = rate_json(*provider.rate);
  out["actions"] = std::move(actions);
  return out;
}

Json example_step(const Provider& provider, const Action& action) {
  if (!action.example.is_object()) return nullptr;
  return JsonObject{
      {"provider", provider.name}, {"action", action.name}, {"params", action.example}};
}

}  // namespace pilot::providers
