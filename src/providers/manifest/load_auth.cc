// `auth` and `fields` of a manifest (see load_parts.h).
#include <array>

#include "base/nearest.h"
#include "providers/manifest/schemes.h"

namespace pilot::providers::manifest {
namespace {

using Make = SchemePtr (*)(const SchemeSource&);

struct Kind {
  std::string_view name;
  Make make;
};

constexpr std::array<Kind, 10> kKinds{{{"bearer", make_bearer},
                                       {"basic", make_basic},
                                       {"key", make_key},
                                       {"set", make_set},
                                       {"oauth2", make_oauth2},
                                       {"oauth1", make_oauth1},
                                       {"aws", make_aws},
                                       {"jwt", make_jwt},
                                       {"hmac", make_hmac},
                                       {"exchange", make_exchange}}};

SchemePtr read_scheme(const Json& value, const std::string& pointer, ProviderSpec& spec,
                      Faults& faults) {
  const Map map(value, pointer, faults);
  std::vector<std::string> known;
  const Kind* found = nullptr;
  for (const Kind& kind : kKinds) {
    known.emplace_back(kind.name);
    if (map.has(kind.name)) found = &kind;
  }
  if (found == nullptr || map.object().size() != 1) {
    const std::string given =
        map.object().empty() ? "" : std::string(key_of(*map.object().begin()));
    map.fault("", "unknown_scheme",
              fmt::format("one auth scheme is wanted: none, {}{}", fmt::join(known, ", "),
                          did_you_mean(given, known)));
    return nullptr;
  }
  return found->make({*map.get(found->name), map.at(found->name), spec, faults});
}

// The last of a list: no sign-in for a connection that fits no other.
class NoSignIn final : public Scheme {
 public:
  NoSignIn() : Scheme("none", {}) {}
};

bool is_none(const Json& value) {
  return value.is_string() && as_view(value.get_string()) == "none";
}

// Checked by the same code as params: a pattern for the whole text, and a list of values.
void read_allowed(const Map& map, Field& field) {
  JsonObject schema{{"type", "string"}};
  const std::string pattern = map.text("pattern");
  if (!pattern.empty()) {
    schema["pattern"] = fmt::format("^(?:{})$", pattern);
    field.allowed_text = "must look like " + pattern;
  }
  if (map.has("enum")) {
    JsonArray values;
    for (const std::string& word : map.texts("enum")) values.emplace_back(word);
    field.allowed_text = "must be one of " + to_json(values);
    schema["enum"] = std::move(values);
  }
  if (schema.size() == 1) return;
  Result<schema::Schema> compiled = schema::Schema::compile(Json(std::move(schema)));
  if (!compiled) {
    map.fault("pattern", "invalid_pattern", compiled.error().message);
    return;
  }
  field.allowed = std::move(*compiled);
}

}  // namespace

void declare_field(ProviderSpec& spec, std::string_view name, bool secret) {
  spec.fields.try_emplace(std::string(name), Field{.name = std::string(name),
                                                   .title = {},
                                                   .description = {},
                                                   .secret = secret,
                                                   .fallback = {},
                                                   .allowed = {},
                                                   .allowed_text = {}});
}

void declare_fields(ProviderSpec& spec, const Text& text) {
  for (const std::string& name : text.names(Text::Piece::Kind::field)) {
    declare_field(spec, name, true);
  }
}

void read_fields(const Map& map, ProviderSpec& spec) {
  const std::optional<Map> fields = map.map("fields");
  if (!fields) return;
  for (const auto& member : fields->object()) {
    const std::string name(key_of(member));
    Field field;
    field.name = name;
    field.secret = false;
    if (!is_snake_case(name)) {
      fields->fault(name, "invalid_name", fmt::format("\"{}\" is not snake_case", name));
    }
    if (member.value().is_string()) {
      const JsonObject form{{"pattern", member.value()}};
      const Json value(form);
      read_allowed(Map(value, fields->at(name), map.faults()), field);
    } else {
      const Map form(member.value(), fields->at(name), map.faults());
      form.only({"title", "description", "pattern", "default", "enum", "secret"});
      field.title = form.text("title");
      field.description = form.text("description");
      field.secret = form.flag("secret", false);
      if (form.has("default")) field.fallback = form.text("default");
      read_allowed(form, field);
      if (field.secret && field.fallback) {
        form.fault("default", "literal_secret", "a secret has no default");
      }
    }
    spec.fields.emplace(name, std::move(field));
  }
}

std::vector<SchemePtr> read_schemes(const Json& value, const std::string& pointer,
                                    ProviderSpec& spec, Faults& faults) {
  if (is_none(value)) return {};
  std::vector<SchemePtr> out;
  const auto take = [&](const Json& one, const std::string& at) {
    if (SchemePtr scheme = read_scheme(one, at, spec, faults)) out.push_back(std::move(scheme));
  };
  if (!value.is_array()) {
    take(value, pointer);
    return out;
  }
  const JsonArray& all = value.get_array();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (is_none(all[i]) && i + 1 == all.size()) {
      out.push_back(std::make_shared<const NoSignIn>());
    } else {
      take(all[i], pointer_join(pointer, i));
    }
  }
  return out;
}

}  // namespace pilot::providers::manifest
