// One action of a manifest (see load_parts.h).
#include "base/nearest.h"
#include "providers/http_call.h"
#include "providers/manifest/load_parts.h"
#include "providers/manifest/param_type.h"

namespace pilot::providers::manifest {
namespace {

constexpr std::string_view kFreeParams = R"({
  "type": "object",
  "properties": {
    "method": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"], "default": "GET",
               "description": "The HTTP method."},
    "path": {"type": "string", "minLength": 1,
             "description": "Behind the provider's base URL; begins with /."},
    "query": {"type": "object", "description": "Parameters of the query."},
    "headers": {"type": "object", "description": "More headers."},
    "body": {"description": "The body, written as the provider wants it (JSON, a form ...)."}
  },
  "required": ["path"],
  "additionalProperties": false
})";

// Reads the parts of one action in turn.
class ActionReader {
 public:
  ActionReader(std::string_view name, const Map& map, const std::shared_ptr<ProviderSpec>& spec)
      : name_(name), map_(map), provider_(*spec), spec_(std::make_shared<ActionSpec>()) {
    spec_->provider = spec;
    spec_->name = name;
    spec_->manner = spec->manner;
  }

  std::optional<Action> read();

 private:
  std::optional<Action> read_none();
  bool read_do();
  void read_params();
  void read_group(const Map& group, Place place);
  void add_param(std::string_view name, const Json& value, Place place, const std::string& pointer);
  void check_address();
  void add_list_params();
  void read_set();
  void check_names();
  void check_query_fields();
  EffectClass read_effect();
  Place usual_place() const {
    const std::string& m = spec_->method;
    return m == "GET" || m == "HEAD" || m == "DELETE" ? Place::query : Place::body;
  }
  Action finished();

  std::string_view name_;
  const Map& map_;
  ProviderSpec& provider_;
  std::shared_ptr<ActionSpec> spec_;
  JsonObject properties_;
  JsonArray required_;
};

// Something that the vendor does not offer: it says so, and what to do instead.
std::optional<Action> ActionReader::read_none() {
  const std::string instead = map_.text("instead");
  if (instead.empty()) {
    map_.fault("", "missing_key", "`do: none` needs `instead`: why, and what to use");
    return std::nullopt;
  }
  const std::string error =
      fmt::format("{} offers no API for {}: {}", provider_.id, name_, instead);
  Action action;
  action.name = name_;
  action.title = map_.text("title", name_);
  action.description = error;
  action.aliases = map_.texts("aliases");
  action.params = JsonObject{{"type", "object"}};
  action.body = LogicAction{[error](const Call&) -> LogicOutcome {
    return ProviderResult::fail({.code = "no_such_api", .message = error});
  }};
  return action;
}

bool ActionReader::read_do() {
  const std::string text = map_.text("do");
  const std::size_t space = text.find(' ');
  spec_->method = text.substr(0, space);
  std::string target = space == std::string::npos ? "" : text.substr(space + 1);
  if (spec_->method == "GRAPHQL") {
    spec_->method = "POST";
    spec_->manner.body = BodyKind::graphql;
    spec_->graphql = map_.text("gql");
    if (spec_->graphql.empty()) map_.fault("", "missing_key", "GRAPHQL needs `gql`: the document");
  } else if (space == std::string::npos ||
             effect_of_method(spec_->method, Json(nullptr)) == EffectClass::unsafe) {
    static const std::vector<std::string> kUnsafe{"POST", "PATCH"};
    if (space == std::string::npos ||
        std::find(kUnsafe.begin(), kUnsafe.end(), spec_->method) == kUnsafe.end()) {
      map_.fault("do", "invalid_value",
                 "`do` is METHOD /path (or an absolute URL), like GET /users/{id}, or GRAPHQL");
      return false;
    }
  }
  Result<Text> parsed = Text::parse(target);
  if (!parsed) {
    map_.fault("do", "invalid_template", parsed.error().message);
    return false;
  }
  spec_->target = std::move(*parsed);
  const auto& pieces = spec_->target.pieces();
  spec_->absolute = target.starts_with("https://") || target.starts_with("http://") ||
                    (!pieces.empty() && pieces.front().kind != Text::Piece::Kind::literal);
  if (!spec_->absolute && !target.empty() && !target.starts_with('/')) {
    map_.fault("do", "invalid_value", "the path begins with /, or is an absolute URL");
  }
  if (target.starts_with("http://") && !target.starts_with("http://localhost") &&
      !target.starts_with("http://127.")) {
    map_.fault("do", "insecure_url", "an absolute URL begins with https://");
  }
  return true;
}

void ActionReader::add_param(std::string_view name, const Json& value, Place place,
                             const std::string& pointer) {
  const auto in_path = spec_->target.names(Text::Piece::Kind::param);
  const bool path = std::find(in_path.begin(), in_path.end(), name) != in_path.end();
  if (path) place = Place::path;
  auto type = read_param_type(name, value, place, pointer, map_.faults());
  if (!type) return;
  type->param.place = place;
  if (properties_.contains(name)) {
    map_.faults().add(pointer, "duplicate_name", fmt::format("the param {} is there twice", name));
    return;
  }
  properties_[name] = std::move(type->schema);
  if (const std::string& field = type->param.field; !field.empty()) {
    if (!provider_.fields.contains(field)) {
      map_.faults().add(pointer, "unknown_field",
                        fmt::format("there is no field \"{}\": declare it under `fields`", field));
    }
    type->param.needed = type->param.needed || path;
  } else if (type->required || (path && !properties_[name].as_object().contains("default"))) {
    required_.emplace_back(name);
  }
  spec_->params.push_back(std::move(type->param));
}

void ActionReader::read_group(const Map& group, Place place) {
  for (const auto& member : group.object()) {
    add_param(key_of(member), member.value(), place, group.at(key_of(member)));
  }
}

// An address that a step gives has to be the vendor's.
void ActionReader::check_address() {
  const auto& pieces = spec_->target.pieces();
  if (pieces.empty() || pieces.front().kind != Text::Piece::Kind::param) return;
  const Json* schema = properties_.if_contains(pieces.front().text);
  if (schema == nullptr || string_or(*schema, "pattern").starts_with("^https://")) return;
  map_.fault("do", "unsafe_url",
             fmt::format("{{{}}} is the whole address: it needs a `pattern` that begins with "
                         "^https:// and the vendor's host",
                         pieces.front().text));
}

void ActionReader::read_params() {
  if (const auto params = map_.map("params")) read_group(*params, usual_place());
  if (const auto query = map_.map("query")) read_group(*query, Place::query);
  if (const auto header = map_.map("header")) read_group(*header, Place::header);
  for (const std::string& name : spec_->target.names(Text::Piece::Kind::param)) {
    if (properties_.contains(name)) continue;
    map_.fault("do", "unknown_param",
               fmt::format("{{{}}} has no param of that name: declare it under `params`", name));
  }
  check_address();
  for (std::size_t i = 0; i < spec_->params.size(); ++i) {
    for (const std::string& alias : spec_->params[i].aliases) {
      if (properties_.contains(alias)) {
        map_.fault("params", "duplicate_name",
                   fmt::format("the alias {} of {} is a param, too", alias, spec_->params[i].name));
      }
    }
  }
  if (spec_->manner.body == BodyKind::raw && !spec_->send) {
    const auto bodies = std::count_if(spec_->params.begin(), spec_->params.end(),
                                      [](const Param& p) { return p.place == Place::body; });
    if (bodies > 1) {
      map_.fault("params", "invalid_value", "a raw body is one param, or what `send` makes");
    }
  }
}

// A list ends where the step says.
void ActionReader::add_list_params() {
  if (!spec_->items) return;
  if (!properties_.contains("limit")) {
    properties_["limit"] = JsonObject{{"type", "integer"},
                                      {"minimum", 1},
                                      {"default", 100},
                                      {"description", "How many items at most, over all pages."}};
  }
  if (!properties_.contains("all")) {
    properties_["all"] = JsonObject{{"type", "boolean"},
                                    {"default", false},
                                    {"description", "All items there are, whatever `limit` says."}};
  }
}

void ActionReader::read_set() {
  const auto set = map_.map("set");
  if (!set) return;
  for (const auto& member : set->object()) {
    const std::string_view key = key_of(member);
    const std::size_t dot = key.find('.');
    const std::string_view place = key.substr(0, dot);
    Constant constant;
    if (dot == std::string_view::npos || dot + 1 == key.size() ||
        (place != "body" && place != "query" && place != "header")) {
      set->fault(key, "invalid_value", "`set` has body.NAME, query.NAME and header.NAME");
      continue;
    }
    constant.place = place == "body"    ? Place::body
                     : place == "query" ? Place::query
                                        : Place::header;
    std::string_view rest = key.substr(dot + 1);
    while (true) {
      const std::size_t next = constant.place == Place::body ? rest.find('.') : std::string::npos;
      constant.path.emplace_back(rest.substr(0, next));
      if (next == std::string_view::npos) break;
      rest.remove_prefix(next + 1);
    }
    if (member.value().is_string()) {
      constant.text = compile_text(member.value(), set->at(key), map_.faults());
      if (constant.text) check_fields(*constant.text, provider_, set->at(key), map_.faults());
    } else {
      constant.value = member.value();
    }
    spec_->constants.push_back(std::move(constant));
  }
}

void ActionReader::check_names() {
  if (!is_snake_case(name_)) {
    map_.fault("", "invalid_name", fmt::format("\"{}\" is not snake_case: a-z, 0-9, _", name_));
  }
  check_fields(spec_->target, provider_, map_.at("do"), map_.faults());
  for (const Constant& constant : spec_->constants) {
    if (!constant.text) continue;
    for (const std::string& name : constant.text->names(Text::Piece::Kind::param)) {
      if (!properties_.contains(name)) {
        map_.fault("set", "unknown_param", fmt::format("there is no param {}", name));
      }
    }
  }
}

EffectClass ActionReader::read_effect() {
  const std::string text = map_.text("effect");
  if (text.empty()) {
    const EffectClass usual = effect_of_method(spec_->method, Json(nullptr));
    const bool keyed = usual == EffectClass::unsafe && spec_->key.has_value();
    return keyed ? EffectClass::keyed : usual;
  }
  for (const EffectClass effect :
       {EffectClass::read, EffectClass::idempotent, EffectClass::keyed, EffectClass::unsafe}) {
    if (text == to_string(effect)) return effect;
  }
  map_.fault("effect", "invalid_value", "`effect` is read, idempotent, keyed or unsafe");
  return EffectClass::unsafe;
}

Action ActionReader::finished() {
  Action action;
  action.name = name_;
  action.title = map_.text("title", name_);
  action.description = map_.text("description", action.title);
  action.docs = map_.text("docs");
  action.aliases = map_.texts("aliases");
  JsonObject schema{{"type", "object"}, {"properties", std::move(properties_)}};
  if (!required_.empty()) schema["required"] = std::move(required_);
  schema["additionalProperties"] = false;
  action.params = std::move(schema);
  action.effect = spec_->effect;
  if (const Json* examples = map_.get("examples");
      examples && examples->is_array() && !examples->get_array().empty()) {
    if (const Json* example = find(examples->get_array()[0], "params")) action.example = *example;
    if (action.example.is_null()) action.example = JsonObject{};
  }
  action.timeout = spec_->manner.timeout;
  action.rate = read_rate(map_);
  action.verify = read_verify(map_);
  for (const Param& param : spec_->params) {
    for (const std::string& alias : param.aliases) action.param_aliases.emplace(alias, param.name);
  }
  action.body = http_action(spec_);
  return action;
}

std::optional<Action> ActionReader::read() {
  map_.only({"do",           "gql",    "params",     "query",   "header",      "set",
             "send",         "body",   "ok",         "fail",    "page",        "rate",
             "timeout",      "auth",   "items",      "out",     "effect",      "verify",
             "examples",     "docs",   "title",      "aliases", "scopes",      "arrays",
             "retry",        "binary", "deprecated", "instead", "idempotency", "description",
             "max_response", "burst",  "concurrency"});
  if (map_.text("do") == "none") return read_none();
  if (!map_.has("do")) map_.fault("", "missing_key", "an action needs `do`: METHOD /path");
  read_manner(map_, spec_->manner);
  if (!read_do()) return std::nullopt;
  if (const Json* auth = map_.get("auth")) {
    spec_->manner.schemes = read_schemes(*auth, map_.at("auth"), provider_, map_.faults());
  }
  if (spec_->absolute && spec_->target.pieces().front().kind == Text::Piece::Kind::field) {
    declare_field(provider_, spec_->target.pieces().front().text, true);
  }
  spec_->send = map_.program("send");
  spec_->items = map_.program("items");
  read_params();
  spec_->params.shrink_to_fit();
  add_list_params();
  read_set();
  const Json* out = map_.get("out");
  if (out != nullptr && out->is_object()) {
    const Map form(*out, map_.at("out"), map_.faults());
    form.only({"binary"});
    spec_->binary = form.flag("binary", false);
  } else {
    spec_->out = map_.program("out");
  }
  spec_->binary = map_.flag("binary", spec_->binary);
  check_names();
  spec_->key = provider_.key;
  if (const auto key = map_.map("idempotency")) spec_->key = read_key_place(*key);
  spec_->effect = read_effect();
  return finished();
}

}  // namespace

std::optional<Action> read_action(std::string_view name, const Json& value,
                                  const std::shared_ptr<ProviderSpec>& spec,
                                  const std::string& pointer, Faults& faults) {
  const Map map(value, pointer, faults);
  if (!value.is_object()) return std::nullopt;
  return ActionReader(name, map, spec).read();
}

namespace {

// One for all providers, whose `request` takes the same.
const schema::Schema& free_schema() {
  static const schema::Schema kSchema = *schema::Schema::compile(params_schema(kFreeParams));
  return kSchema;
}

}  // namespace

Action free_action(const std::shared_ptr<const ProviderSpec>& provider) {
  auto spec = std::make_shared<ActionSpec>();
  spec->provider = provider;
  spec->name = "request";
  spec->manner = provider->manner;
  spec->manner.pages = nullptr;
  spec->free_form = true;
  Action action;
  action.name = "request";
  action.title = "Any request";
  action.description =
      "Any call of this API, signed in as the other actions are. Output: the answer";
  action.schema = free_schema();
  action.effect_of = [](const Json& params) {
    return effect_of_method(string_or(params, "method", "GET"), Json(nullptr));
  };
  action.body = http_action(spec);
  return action;
}

}  // namespace pilot::providers::manifest
