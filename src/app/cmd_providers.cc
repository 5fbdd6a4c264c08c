// pilot providers list|show|request: from the registry in the binary; no data directory is needed,
// but for `request` with stored credentials.
#include <fmt/format.h>

#include "app/output.h"
#include "app/provider_commands.h"
#include "app/registry.h"
#include "base/log.h"
#include "base/nearest.h"
#include "providers/provider_view.h"
#include "providers/request_view.h"

namespace pilot::app {
namespace {

using providers::Provider;

Result<const Provider*> find_provider(const providers::Registry& registry,
                                      const std::string& name) {
  if (const Provider* provider = registry.find(name)) return provider;
  return invalid("unknown_provider", fmt::format("there is no provider \"{}\"{}", name,
                                                 did_you_mean(name, registry.names())));
}

JsonArray names(const std::vector<std::string>& all) {
  JsonArray out;
  for (const std::string& name : all) out.push_back(Json(name));
  return out;
}

JsonArray auth_types(const Provider& provider) {
  JsonArray out;
  for (const auto& field : provider.auth) out.push_back(Json(field.type));
  return out;
}

std::string joined(const JsonArray& all) {
  std::string out;
  for (const Json& item : all) {
    out += (out.empty() ? "" : ", ") + std::string(as_view(item.get_string()));
  }
  return out;
}

bool matches(const Provider& provider, const std::string& word) {
  if (word.empty()) return true;
  const auto has = [&](const std::string& text) { return text.find(word) != std::string::npos; };
  return has(provider.name) || has(provider.title) || provider.category == word ||
         std::ranges::any_of(provider.aliases, has);
}

void show_for_people(const Provider& provider) {
  print_line(fmt::format("{} ({})  {}", provider.title, provider.name, provider.description));
  if (!provider.auth.empty()) {
    print_line(fmt::format("connection: {}  ->  pilot credentials set {} {}",
                           joined(auth_types(provider)), provider.name, provider.auth[0].type));
  }
  for (const auto& action : provider.actions) {
    print_line(fmt::format("\n  {}  [{}]  {}", action.name,
                           action.effect_of ? "effect by method" : to_string(action.effect),
                           action.description));
    const Json* properties = find(action.schema.document(), "properties");
    if (properties == nullptr || !properties->is_object()) continue;
    std::vector<std::string> required;
    if (const Json* list = find(action.schema.document(), "required"); list && list->is_array()) {
      for (const Json& name : list->get_array()) required.emplace_back(as_view(name.get_string()));
    }
    for (const auto& [name, schema] : properties->get_object()) {
      const bool must = std::find(required.begin(), required.end(),
                                  std::string_view(name.data(), name.size())) != required.end();
      const Json* type = find(schema, "type");
      const std::string type_name = type == nullptr     ? "any"
                                    : type->is_string() ? std::string(as_view(type->get_string()))
                                                        : to_json(*type);
      print_line(fmt::format("    {:<18} {:<10} {}{}", std::string_view(name.data(), name.size()),
                             type_name, must ? "required. " : "",
                             one_line(string_or(schema, "description"), 90)));
    }
  }
}

}  // namespace

int providers_list(const GlobalOptions& global, const ProviderCommandOptions& options) {
  const auto registry = make_registry(global.catalog);
  JsonArray all;
  std::vector<std::vector<std::string>> rows{{"NAME", "KIND", "CONNECTION", "ACTIONS"}};
  for (const Provider* provider : registry->all()) {
    if (!matches(*provider, options.search)) continue;
    const JsonArray actions = names(provider->action_names());
    all.push_back(providers::provider_brief(*provider));
    rows.push_back(
        {provider->name, provider->kind, joined(auth_types(*provider)), joined(actions)});
  }
  if (global.json) {
    print_json(all);
  } else {
    fmt::print("{}", table(rows));
  }
  return kExitOk;
}

int providers_show(const GlobalOptions& global, const ProviderCommandOptions& options) {
  const auto registry = make_registry(global.catalog);
  const auto provider = find_provider(*registry, options.provider);
  if (!provider) return refuse(provider.error());
  if (global.json) {
    print_json(providers::provider_page(**provider));
  } else {
    show_for_people(**provider);
  }
  return kExitOk;
}

int providers_request(const GlobalOptions& global, const ProviderCommandOptions& options) {
  const auto registry = make_registry(global.catalog);
  const auto provider = find_provider(*registry, options.provider);
  if (!provider) return refuse(provider.error());
  const providers::Action* action = (*provider)->find(options.action);
  if (action == nullptr) {
    return refuse(
        invalid("unknown_action",
                fmt::format("{} has no action \"{}\"{}", (*provider)->name, options.action,
                            did_you_mean(options.action, (*provider)->action_names()))));
  }
  Result<Json> params = parse_json(options.params);
  if (!params) return refuse(params.error().prefixed("--params"));

  std::error_code ignored;
  const bool any_database = !global.database_url.empty() || !global.database_url_file.empty() ||
                            std::filesystem::exists(global.data_dir / "pilot.db", ignored);
  const bool stored =
      any_database && options.connection_values.empty() && !(*provider)->auth.empty();
  Result<Json> described = Json(nullptr);
  if (stored) {
    Result<Session> session = Session::open(global);
    if (!session) return refuse(session.error());
    described = session->client().expect(
        "POST",
        fmt::format("/api/providers/{}/actions/{}/request", (*provider)->name, action->name),
        JsonObject{{"params", std::move(*params)}, {"connection", options.connection}});
  } else {
    providers::Connection connection;
    if (!options.connection_values.empty()) {
      const Result<Json> values = parse_json(options.connection_values);
      if (!values) return refuse(values.error().prefixed("--connection-values"));
      if (!values->is_object()) {
        return refuse(invalid("wrong_type", "--connection-values must be a JSON object of texts"));
      }
      for (const auto& [type, value] : values->get_object()) {
        if (!value.is_string()) {
          return refuse(
              invalid("wrong_type", "--connection-values must be a JSON object of texts"));
        }
        connection.values.emplace(std::string(type.data(), type.size()),
                                  Secret(std::string(as_view(value.get_string()))));
      }
    }
    described = providers::describe_request(**provider, *action, std::move(*params), connection,
                                            make_system_clock()->now());
  }
  if (!described) return refuse(described.error());
  if (global.json) {
    print_json(*described);
    return kExitOk;
  }
  print_line(fmt::format("{} {}", string_or(*described, "method"),
                         printable(string_or(*described, "url"))));
  if (const Json* headers = find(*described, "headers"); headers && headers->is_object()) {
    for (const auto& [name, value] : headers->get_object()) {
      print_line(
          fmt::format("{}: {}", std::string_view(name.data(), name.size()),
                      value.is_string() ? printable(as_view(value.get_string())) : to_json(value)));
    }
  }
  if (const Json* body = find(*described, "body"); body && !body->is_null()) {
    print_line("");
    print_line(body->is_string() ? std::string(as_view(body->get_string()))
                                 : to_pretty_json(*body));
  }
  return kExitOk;
}

}  // namespace pilot::app
