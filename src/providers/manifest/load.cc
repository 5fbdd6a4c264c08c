#include "providers/manifest/load.h"

#include <algorithm>
#include <set>

#include "providers/manifest/load_parts.h"

namespace pilot::providers::manifest {
namespace {

constexpr std::string_view kFree = "request";
constexpr std::string_view kTest = "test_connection";

std::vector<std::pair<std::string, Text>> read_named_texts(const Map& map, std::string_view key) {
  std::vector<std::pair<std::string, Text>> out;
  const std::optional<Map> texts = map.map(key);
  if (!texts) return out;
  for (const auto& member : texts->object()) {
    const std::string_view name = key_of(member);
    if (std::optional<Text> text = compile_text(member.value(), texts->at(name), map.faults())) {
      out.emplace_back(std::string(name), std::move(*text));
    }
  }
  return out;
}

// A host must be known, or be held by a pattern.
void check_base(const Map& map, const ProviderSpec& spec) {
  const auto& pieces = spec.base.pieces();
  if (pieces.empty()) return;
  const std::string& first = pieces.front().text;
  if (pieces.front().kind == Text::Piece::Kind::param ||
      (pieces.front().kind == Text::Piece::Kind::literal && !first.starts_with("https://") &&
       !first.starts_with("http://"))) {
    map.fault("base", "invalid_url", "`base` begins with https:// (or with a {{field}} that does)");
  }
  for (const Text::Piece& piece : pieces) {
    if (piece.kind == Text::Piece::Kind::param) {
      map.fault(
          "base", "invalid_template",
          fmt::format("`base` has only fields of the connection, like {{{{{0}}}}}; {{{0}}} is "
                      "a param",
                      piece.text));
    } else if (piece.kind == Text::Piece::Kind::field) {
      const auto field = spec.fields.find(piece.text);
      if (field != spec.fields.end() && !field->second.allowed) {
        map.fault(
            "base", "missing_pattern",
            fmt::format("{{{{{0}}}}} stands in the address: give it a pattern under `fields`, "
                        "like {0}: '[a-z0-9-]+'",
                        piece.text));
      }
    }
  }
}

std::vector<AuthField> auth_fields(const ProviderSpec& spec) {
  std::vector<AuthField> out;
  const auto& schemes = spec.manner.schemes;
  std::vector<std::string> names;  // in the order in which schemes want them, then the rest
  const auto remember = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const SchemePtr& scheme : schemes) {
    for (const std::string& name : scheme->needs()) remember(name);
  }
  for (const auto& [name, field] : spec.fields) remember(name);
  for (const std::string& name : names) {
    const auto found = spec.fields.find(name);
    if (found == spec.fields.end()) continue;
    const Field& field = found->second;
    const auto needs_it = [&](const SchemePtr& scheme) {
      return std::find(scheme->needs().begin(), scheme->needs().end(), name) !=
             scheme->needs().end();
    };
    const auto base_fields = spec.base.names(Text::Piece::Kind::field);
    const bool in_base =
        std::find(base_fields.begin(), base_fields.end(), name) != base_fields.end();
    const bool all = !schemes.empty() && std::all_of(schemes.begin(), schemes.end(), needs_it);
    out.push_back({.type = name,
                   .title = field.title.empty() ? name : field.title,
                   .secret = field.secret,
                   .required = !field.fallback && (in_base || all),
                   .description = field.description});
  }
  return out;
}

std::shared_ptr<ProviderSpec> read_provider(const Map& map) {
  auto spec = std::make_shared<ProviderSpec>();
  spec->id = map.text("id");
  if (!is_snake_case(spec->id)) {
    map.fault("id", "invalid_name", "`id` is snake_case: a-z, 0-9 and _");
  }
  read_fields(map, *spec);
  if (auto base = map.templated("base")) spec->base = std::move(*base);
  const auto& pieces = spec->base.pieces();
  spec->base_is_field = !pieces.empty() && pieces.front().kind == Text::Piece::Kind::field;
  if (const Json* auth = map.get("auth")) {
    spec->manner.schemes = read_schemes(*auth, map.at("auth"), *spec, map.faults());
  }
  spec->headers = read_named_texts(map, "headers");
  spec->query = read_named_texts(map, "query");
  if (const auto key = map.map("idempotency")) spec->key = read_key_place(*key);
  read_manner(map, spec->manner);
  check_fields(spec->base, *spec, map.at("base"), map.faults());
  for (const auto& [name, text] : spec->headers) {
    check_fields(text, *spec, pointer_join(map.at("headers"), name), map.faults());
  }
  for (const auto& [name, text] : spec->query) {
    check_fields(text, *spec, pointer_join(map.at("query"), name), map.faults());
  }
  check_base(map, *spec);
  return spec;
}

// Names within one provider: actions and their aliases.
void add_actions(const Map& map, const std::shared_ptr<ProviderSpec>& spec, Provider& provider) {
  std::set<std::string, std::less<>> taken;
  const auto take = [&](const std::string& name, const std::string& pointer) {
    if (taken.insert(name).second) return true;
    map.faults().add(pointer, "duplicate_name",
                     fmt::format("the action name or alias \"{}\" is there twice", name));
    return false;
  };
  bool real = false;
  if (const auto actions = map.map("actions")) {
    for (const auto& member : actions->object()) {
      const std::string name(key_of(member));
      const std::string pointer = actions->at(name);
      std::optional<Action> action = read_action(name, member.value(), spec, pointer, map.faults());
      if (!action || !take(name, pointer)) continue;
      bool fine = true;
      for (const std::string& alias : action->aliases) {
        fine = take(alias, pointer_join(pointer, "aliases")) && fine;
      }
      real = real || !action->is_logic();
      if (fine && map.faults().none()) provider.add(std::move(*action));
    }
  }
  if (!map.has("actions")) map.fault("", "missing_key", "a provider needs `actions`");
  if (real && !map.has("base") && map.faults().none()) {
    map.fault("", "missing_key", "a provider needs `base`: the URL before every path");
  }
  if (real && !taken.contains(std::string(kFree)) && map.faults().none()) {
    provider.add(free_action(spec));
  }
}

// `test` is METHOD /path, or an action that only reads.
void read_test(const Map& map, const std::shared_ptr<ProviderSpec>& spec, Provider& provider) {
  if (!map.has("test")) return;
  const std::string text = map.text("test");
  if (text.find(' ') == std::string::npos) {
    const Action* action = provider.find(text);
    if (action == nullptr && !map.faults().none()) return;  // it may be one with a fault
    if (action == nullptr) {
      map.fault("test", "unknown_action", fmt::format("there is no action \"{}\"", text));
    } else if (action->effect != EffectClass::read) {
      map.fault("test", "not_a_read", "`test` must not change anything: this action is no read");
    }
    provider.test_action = text;
    return;
  }
  const JsonObject action{{"do", text},
                          {"title", "Test the connection"},
                          {"description",
                           "Calls something that changes nothing, to see whether "
                           "the connection works. Output: the answer"}};
  std::optional<Action> made = read_action(kTest, Json(action), spec, map.at("test"), map.faults());
  if (!made || !map.faults().none()) return;
  if (made->effect != EffectClass::read) {
    map.fault("test", "not_a_read", "`test` must not change anything: GET or HEAD");
    return;
  }
  provider.test_action = kTest;
  if (provider.find(kTest) == nullptr) provider.add(std::move(*made));
}

}  // namespace

void check_fields(const Text& text, const ProviderSpec& spec, const std::string& pointer,
                  Faults& faults) {
  for (const std::string& name : text.names(Text::Piece::Kind::field)) {
    if (spec.fields.contains(name)) continue;
    faults.add(pointer, "unknown_field",
               fmt::format("there is no field \"{}\": declare it under `fields`", name));
  }
}

Loaded load(const Json& document, std::string_view kind) {
  Faults faults;
  const Map map(document, "", faults);
  map.only({"id",
            "name",
            "category",
            "docs",
            "aliases",
            "extends",
            "base",
            "fields",
            "auth",
            "headers",
            "query",
            "body",
            "arrays",
            "ok",
            "fail",
            "retry",
            "idempotency",
            "rate",
            "burst",
            "concurrency",
            "page",
            "timeout",
            "max_response",
            "test",
            "actions",
            "openapi",
            "triggers",
            "description",
            "example_connection"});
  if (map.has("openapi")) {
    map.fault("openapi", "unsupported",
              "only manifests that are files (--catalog) take actions from a document: write them "
              "out with `pilot providers import FILE --out ...`");
  }
  const std::shared_ptr<ProviderSpec> spec = read_provider(map);
  Loaded out;
  auto provider = std::make_unique<Provider>();
  provider->name = spec->id;
  provider->title = map.text("name", spec->id);
  provider->description = map.text("description");
  provider->category = map.text("category", "other");
  provider->docs = map.text("docs");
  provider->aliases = map.texts("aliases");
  provider->kind = kind;
  provider->auth = auth_fields(*spec);
  const auto& schemes = spec->manner.schemes;
  provider->auth_optional = schemes.empty() || schemes.back()->kind() == "none";
  provider->rate = read_rate(map);
  for (const SchemePtr& scheme : spec->manner.schemes) {
    if (scheme->oauth2() != nullptr) provider->oauth2 = scheme->oauth2();
  }
  add_actions(map, spec, *provider);
  check_verifies(map, *provider);
  read_test(map, spec, *provider);
  provider->actions.shrink_to_fit();  // hundreds of providers stay for as long as the process
  if (faults.none()) out.provider = std::move(provider);
  out.problems = faults.take();
  return out;
}

Json extended(const Json& parent, const Json& child) {
  JsonObject out = parent.get_object();
  for (const std::string_view own : {"id", "name", "aliases", "extends", "example_connection"}) {
    out.erase(own);
  }
  for (const auto& member : child.get_object()) {
    const std::string_view key = key_of(member);
    const bool by_member =
        key == "fields" || key == "headers" || key == "query" || key == "actions";
    Json* old = out.if_contains(key);
    if (!by_member || old == nullptr || !old->is_object() || !member.value().is_object()) {
      out[key] = member.value();
      continue;
    }
    for (const auto& inner : member.value().get_object()) {
      if (inner.value().is_null()) {
        old->get_object().erase(inner.key());
      } else {
        old->get_object()[inner.key()] = inner.value();
      }
    }
  }
  out.erase("extends");
  return out;
}

}  // namespace pilot::providers::manifest
