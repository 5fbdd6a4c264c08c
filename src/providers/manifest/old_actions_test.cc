// The actions of the old service, all of them by their old names with their old params
// (tests/fixtures/old_actions.jsonl): each becomes a request, or says that nobody offers it.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "http/url.h"
#include "providers/manifest/catalog.h"
#include "providers/manifest/reader.h"
#include "providers/request_view.h"

namespace pilot::providers::manifest {
namespace {

// Params without which the vendor takes no such call, and which the old service never asked for.
const std::map<std::string, std::vector<std::string>> kMore{
    {"helpscout.create_conversation", {"text"}},
    {"hootsuite.create_post", {"social_profile_ids"}},
    {"revolut.create_payment", {"counterparty_id"}},
    {"youtube.upload_video", {"video"}},  // YouTube takes the bytes; it fetches no URL
};

// Old params that nothing can be made of.
const std::map<std::string, std::vector<std::string>> kLost{
    {"youtube.upload_video", {"video_url"}},
};

struct Old {
  std::string provider, action;
  std::vector<std::string> params;
};

std::vector<Old> old_actions() {
  std::ifstream file(std::filesystem::path(PILOT_SOURCE_DIR) / "tests/fixtures/old_actions.jsonl");
  std::vector<Old> out;
  for (std::string line; std::getline(file, line);) {
    const Result<Json> json = parse_json(line);
    if (!json) {
      ADD_FAILURE() << line;
      continue;
    }
    Old& one = out.emplace_back();
    one.provider = string_or(*json, "provider");
    one.action = string_or(*json, "action");
    for (const Json& param : find(*json, "params")->get_array()) {
      one.params.emplace_back(as_view(param.get_string()));
    }
  }
  return out;
}

// Something that the schema takes.
Json sample(const Json& schema) {
  const std::string_view format = string_or(schema, "format");
  if (format == "date-time") return "2026-11-23T02:18:41Z";
  if (format == "date") return "2026-11-23";
  if (const Json* values = find(schema, "enum")) return values->get_array().at(0);
  if (const Json* types = find(schema, "anyOf")) return sample(types->get_array().at(0));
  const std::string_view pattern = string_or(schema, "pattern");
  if (pattern.find("hooks") != std::string_view::npos) {
    return pattern.find("discord") != std::string_view::npos
               ? "https://discord.com/api/webhooks/1/x"
               : "https://hooks.zapier.com/hooks/x";
  }
  const Json* type = find(schema, "type");
  std::string_view name = type == nullptr    ? "string"
                          : type->is_array() ? as_view(type->get_array().at(0).get_string())
                                             : as_view(type->get_string());
  if (name == "integer" || name == "number") return 1;
  if (name == "boolean") return true;
  if (name == "array") {
    const Json* items = find(schema, "items");
    return JsonArray{items == nullptr ? Json("x") : sample(*items)};
  }
  if (name != "object") return pattern.starts_with("^/") ? "/10" : "10";
  return find(schema, "properties") != nullptr &&
                 find(*find(schema, "properties"), "content_base64")
             ? Json(JsonObject{
                   {"name", "a.txt"}, {"type", "text/plain"}, {"content_base64", "eA=="}})
             : Json(JsonObject{{"key", "value"}});
}

class OldActions : public testing::Test {
 protected:
  OldActions() {
    register_native_providers(*registry_);
    std::vector<CatalogFault> faults;
    const auto files =
        read_source_files(std::filesystem::path(PILOT_SOURCE_DIR) / "catalog", faults);
    Catalog catalog = read_catalog(files, registry_.get());
    for (const CatalogEntry& entry : catalog.entries) documents_[entry.id] = entry.document;
    register_catalog(*registry_, std::move(catalog));
  }
  Connection connection_of(const Provider& provider) {
    Connection out;
    out.name = "default";
    const Json& document = documents_[provider.name];
    const auto take = [&out](const Json* values) {
      if (values == nullptr) return;
      for (const auto& member : values->get_object()) {
        out.values.emplace(std::string(key_of(member)),
                           Secret(std::string(as_view(member.value().get_string()))));
      }
    };
    take(find(document, "example_connection"));
    // What steps may leave out, because the connection says it.
    for (const std::string name : {"from", "owner", "workspace_id", "task_id", "mailbox_id",
                                   "doc_id", "todolist_id", "business_id", "group_id", "team_id"}) {
      out.values.emplace(name, Secret("10"));
    }
    for (const AuthField& field : provider.auth) {
      if (field.secret) out.values.emplace(field.type, Secret("x1"));
    }
    for (const std::string name : {"access_token", "session_token"}) {
      out.values.emplace(name, Secret("example-token"));
    }
    const Json* actions = find(document, "actions");
    if (actions == nullptr) return out;  // a native one
    for (const auto& action : actions->get_object()) {
      const Json* examples = find(action.value(), "examples");
      if (examples == nullptr) continue;
      for (const Json& example : examples->get_array()) take(find(example, "connection"));
    }
    return out;
  }
  std::shared_ptr<Registry> registry_ = std::make_shared<Registry>();
  std::map<std::string, Json> documents_;
};

TEST_F(OldActions, BecomeRequestsOrSayThatNobodyOffersThem) {
  int requests = 0;
  int native = 0;
  int none = 0;
  const std::vector<Old> all = old_actions();
  for (const Old& old : all) {
    SCOPED_TRACE(old.provider + "." + old.action);
    const Provider* provider = registry_->find(old.provider);
    ASSERT_NE(provider, nullptr);
    const Action* action = provider->find(old.action);
    ASSERT_NE(action, nullptr);
    const Connection connection = connection_of(*provider);
    if (provider->kind == "native") {
      ++native;
      continue;
    }
    const Json* properties = find(action->schema.document(), "properties");
    Json params = JsonObject{};
    for (const std::string& name : old.params) {
      const auto renamed = action->param_aliases.find(name);
      const Json* schema =
          properties == nullptr
              ? nullptr
              : find(*properties, renamed == action->param_aliases.end() ? name : renamed->second);
      params.get_object()[name] = schema == nullptr ? Json("x1") : sample(*schema);
    }
    const Call call{.provider = provider->name,
                    .action = action->name,
                    .params = params,
                    .connection = connection,
                    .user = "local",
                    .run = {},
                    .step = {},
                    .idempotency_key = "01890a5d-ac96-774b-bcce-b302099a8057",
                    .now = WallTime{std::chrono::seconds{1'800'000'000}}};
    if (const auto* logic = std::get_if<LogicAction>(&action->body)) {
      const LogicOutcome outcome = logic->run(call);
      EXPECT_EQ(std::get<ProviderResult>(outcome).error->code, "no_such_api");
      ++none;
      continue;
    }
    rename_old_params(*action, params);
    const std::string name = old.provider + "." + old.action;
    std::vector<std::string> lost;
    for (const std::string& param : old.params) {
      const bool aliased = action->param_aliases.contains(param);
      if (!aliased && find(*properties, param) == nullptr) {
        lost.push_back(param);
        params.get_object().erase(param);
      }
    }
    const auto loses = kLost.find(name);
    EXPECT_EQ(lost, loses == kLost.end() ? std::vector<std::string>{} : loses->second);
    std::vector<std::string> more;
    if (const Json* required = find(action->schema.document(), "required")) {
      for (const Json& one : required->get_array()) {
        const std::string param(as_view(one.get_string()));
        if (find(params, param) != nullptr) continue;
        more.push_back(param);
        params.get_object()[param] = sample(*find(*properties, param));
      }
    }
    const auto asks = kMore.find(name);
    EXPECT_EQ(more, asks == kMore.end() ? std::vector<std::string>{} : asks->second);
    const Status fits = check_params(*action, params);
    EXPECT_TRUE(fits) << fits.error().message << " in " << to_json(params);
    const auto built = std::get<HttpAction>(action->body).build(call);
    EXPECT_TRUE(built) << built.error().message;
    if (!built) continue;
    EXPECT_TRUE(http::parse_url(built->url)) << built->url;
    ++requests;
  }
  EXPECT_EQ(all.size(), 176u);
  EXPECT_EQ(requests + native + none, 176);
  EXPECT_LE(none, 10) << "what no vendor offers";
}

}  // namespace
}  // namespace pilot::providers::manifest
