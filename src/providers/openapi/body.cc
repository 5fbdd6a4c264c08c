#include "providers/openapi/body.h"

#include <fmt/format.h>

#include <algorithm>

namespace pilot::providers::openapi {
namespace {

constexpr std::size_t kMembers = 500;  // of a body, as params; a larger one is one param
constexpr std::size_t kWire = 200;     // bytes of a name

struct Media {
  std::string type;              // bare
  std::string_view kind;         // json, form, multipart, raw
  const Json* schema = nullptr;  // null: not said
  const Json* encoding = nullptr;
};

std::string_view kind_of(std::string_view bare) {
  if (bare == "application/x-www-form-urlencoded") return "form";
  if (bare.starts_with("multipart/")) return "multipart";
  return is_json_type(bare) || bare.empty() || bare == "*/*" ? "json" : "raw";
}

// JSON before forms before everything else; plain JSON before its dialects.
int rank(const Media& media) {
  if (media.type == "application/json") return 0;
  if (media.kind == "json") return media.type.empty() || media.type == "*/*" ? 2 : 1;
  return media.kind == "form" ? 3 : media.kind == "multipart" ? 4 : 5;
}

std::optional<Media> best_media(const Json& content) {
  std::optional<Media> best;
  if (!content.is_object()) return best;
  for (const auto& member : content.get_object()) {
    Media media;
    media.type = bare_media_type(member.key());
    media.kind = kind_of(media.type);
    media.schema = find(member.value(), "schema");
    media.encoding = find(member.value(), "encoding");
    if (!best || rank(media) < rank(*best)) best = std::move(media);
  }
  return best;
}

// What Swagger's `consumes` says for a body with these parameters.
Media swagger_media(const Json& operation, const Json& root, bool form, bool file) {
  const Json* consumes = find(operation, "consumes");
  if (consumes == nullptr) consumes = find(root, "consumes");
  JsonObject content;
  if (consumes != nullptr && consumes->is_array()) {
    for (const Json& type : consumes->get_array()) {
      if (type.is_string()) content[type.get_string()] = nullptr;
    }
  }
  Media media = best_media(Json(content)).value_or(Media{"application/json", "json"});
  if (form && media.kind != "form" && media.kind != "multipart") {
    const bool parts = content.contains("multipart/form-data");
    media.kind = parts ? "multipart" : "form";
  }
  if (file) media.kind = "multipart";
  if (form && media.kind == "multipart") media.type = "multipart/form-data";
  if (form && media.kind == "form") media.type = "application/x-www-form-urlencoded";
  return media;
}

bool is_binary(const SchemaView& view) {
  const auto types = view.types();
  if (types.size() != 1) return types.empty() && view.text("format") == "binary";
  if (types[0] == "file") return true;
  if (types[0] != "string") return false;
  return view.text("format") == "binary" || !view.text("contentMediaType").empty();
}

class BodyAdder {
 public:
  BodyAdder(Converter& converter, Draft& draft, const Media& media)
      : converter_(converter), draft_(draft), media_(media) {}

  void add(bool required);
  void add_member(std::string_view name, const Json& schema, bool required);

 private:
  bool add_members(const SchemaView& view);
  bool add_union(const Json& branches, bool every);
  void add_whole(const SchemaView& view, bool required);
  void decide_lists();

  Converter& converter_;
  Draft& draft_;
  const Media& media_;
  bool lists_ = false;
  bool deep_ = false;
};

void BodyAdder::add_member(std::string_view name, const Json& schema, bool required) {
  if (name.empty() || name.size() > kWire) return;
  const SchemaView view = converter_.view(schema);
  if (view.read_only()) return;
  JsonObject out = described(converter_, schema, view, required);
  const auto types = view.types();
  const bool list = types.size() == 1 && types[0] == "array";
  if (media_.kind == "multipart") {
    const Json* items = view.get("items");
    const bool files = list && items != nullptr && is_binary(converter_.view(*items));
    if (files || is_binary(view)) {
      JsonObject file{{"type", files ? "files" : "file"}};
      if (Json* words = out.if_contains("description")) file["description"] = std::move(*words);
      out = std::move(file);
    }
  }
  if (list && media_.kind == "form") {
    lists_ = true;
    const Json* how = media_.encoding == nullptr ? nullptr : find(*media_.encoding, name);
    if (how != nullptr && string_or(*how, "style") == "deepObject") deep_ = true;
  }
  draft_.slots.push_back({std::string(name), Where::body, std::move(out), required});
}

bool BodyAdder::add_members(const SchemaView& view) {
  if (view.properties().empty() || view.properties().size() > kMembers) return false;
  if (const auto types = view.types(); types.size() != 1 || types[0] != "object") return false;
  for (const auto& [name, schema] : view.properties()) {
    if (converter_.full()) return true;
    add_member(name, *schema, view.requires_member(name));
  }
  const Json* more = view.get("additionalProperties");
  if (more != nullptr && (more->is_object() || *more == Json(true))) {
    converter_.notes().add("more_members",
                           "a body that takes members of any name takes only those that are named");
  }
  return true;
}

// One of several objects: a param for each member that one of them has.
bool BodyAdder::add_union(const Json& branches, bool every) {
  std::vector<SchemaView> views;
  std::size_t members = 0;
  for (const Json& branch : branches.get_array()) {
    views.push_back(converter_.view(branch));
    members += views.back().properties().size();
    if (!views.back().is_object() || views.back().properties().empty()) return false;
    if (views.size() > 30 || members > kMembers) return false;
  }
  if (views.empty() || !every) return false;
  NameSet known;
  for (const SchemaView& view : views) {
    for (const auto& [name, schema] : view.properties()) {
      if (converter_.full()) return true;
      if (!known.take(std::string(name))) continue;
      const bool required = std::all_of(views.begin(), views.end(), [&](const SchemaView& other) {
        return other.requires_member(name);
      });
      bool differs = false;
      for (const SchemaView& other : views) {
        const Json* same = other.property(name);
        differs = differs || (same != nullptr && same != schema && *same != *schema);
      }
      if (!differs) {
        add_member(name, *schema, required);
        continue;
      }
      JsonArray forms;  // each branch's own
      for (const SchemaView& other : views) {
        const Json* one = other.property(name);
        if (one == nullptr) continue;
        JsonObject form = converter_.convert(*one);
        if (form.empty()) forms.clear();
        if (form.empty()) break;
        if (std::find(forms.begin(), forms.end(), Json(form)) == forms.end()) {
          forms.emplace_back(std::move(form));
        }
      }
      JsonObject out;
      if (forms.size() == 1) out = std::move(forms[0].get_object());
      if (forms.size() > 1) out["anyOf"] = std::move(forms);
      draft_.slots.push_back({std::string(name), Where::body, std::move(out), required});
    }
  }
  converter_.notes().add("union_body",
                         "a body of several forms takes the members of all of them; which go "
                         "together is not checked");
  return true;
}

void BodyAdder::add_whole(const SchemaView& view, bool required) {
  JsonObject schema = converter_.convert(view);
  if (media_.kind == "raw") {
    const bool text = media_.type.starts_with("text/") || media_.type.ends_with("xml") ||
                      media_.type.ends_with("ndjson") || media_.type.ends_with("yaml");
    schema = JsonObject{{"type", text ? "string" : "file"},
                        {"description", fmt::format("The body, as {}.", media_.type)}};
  } else if (!schema.contains("description")) {
    schema["description"] = "The body.";
  }
  draft_.whole_body = true;
  draft_.slots.push_back({"body", Where::body, std::move(schema), required});
}

void BodyAdder::decide_lists() {
  if (!lists_ || deep_ || !draft_.arrays.empty()) return;
  draft_.arrays = "repeat";
}

void BodyAdder::add(bool required) {
  static const Json kAny = JsonObject{};
  const Json& schema = media_.schema == nullptr ? kAny : *media_.schema;
  const SchemaView view = converter_.view(schema);
  if (media_.kind != "raw") {
    if (add_members(view)) return decide_lists();
    const Json* branches = view.get("oneOf");
    if (branches == nullptr) branches = view.get("anyOf");
    const bool alone = view.properties().empty() && !view.nullable();
    if (branches != nullptr && branches->is_array() && add_union(*branches, alone)) {
      return decide_lists();
    }
    if (media_.kind == "multipart") {
      converter_.notes().add("odd_multipart",
                             "a multipart body that does not say its parts is one param");
    }
  }
  add_whole(view, required);
}

void say_encoding(const Media& media, Draft& draft) {
  if (media.kind != "json") draft.body = media.kind;
  const bool usual = media.kind == "form" || media.kind == "multipart" || media.type.empty() ||
                     media.type == "application/json" || media.type.find('*') != std::string::npos;
  if (!usual) draft.put_constant(Where::header, "Content-Type", Json(media.type));
}

bool is_form_field(const Parameter& parameter) { return parameter.in == "formData"; }

void add_swagger_body(const Json& operation, const std::vector<Parameter>& parameters,
                      Converter& converter, Draft& draft) {
  const auto whole = std::find_if(parameters.begin(), parameters.end(),
                                  [](const Parameter& p) { return p.in == "body"; });
  const bool form = std::any_of(parameters.begin(), parameters.end(), is_form_field);
  if (whole == parameters.end() && !form) return;
  const bool file = std::any_of(parameters.begin(), parameters.end(), [](const Parameter& p) {
    return is_form_field(p) && string_or(*p.object, "type") == "file";
  });
  Media media = swagger_media(operation, converter.document().root(), form, file);
  if (!form) media.schema = whole->schema;
  // Swagger's body has no forms: what says so means JSON.
  if (!form && (media.kind == "form" || media.kind == "multipart")) {
    media.kind = "json";
    media.type = "application/json";
  }
  say_encoding(media, draft);
  BodyAdder adder(converter, draft, media);
  if (!form) return adder.add(whole->required);
  bool commas = false;
  for (const Parameter& parameter : parameters) {
    if (!is_form_field(parameter) || converter.full()) continue;
    adder.add_member(parameter.name, *parameter.object, parameter.required);
    commas = commas || (string_or(*parameter.object, "type") == "array" &&
                        string_or(*parameter.object, "collectionFormat", "csv") != "multi");
  }
  if (draft.arrays.empty() && commas) draft.arrays = "comma";
}

}  // namespace

std::string bare_media_type(std::string_view text) {
  std::string out = lower_case(text.substr(0, text.find(';')));
  out.erase(std::remove_if(out.begin(), out.end(),
                           [](char c) {
                             const auto byte = static_cast<unsigned char>(c);
                             return byte <= 0x20 || byte >= 0x7f;
                           }),
            out.end());
  return out.size() > 100 ? std::string() : out;
}

bool is_json_type(std::string_view bare) {
  return bare == "application/json" || bare == "text/json" || bare.ends_with("+json");
}

bool add_body(const Json& operation, const std::vector<Parameter>& parameters, Converter& converter,
              Draft& draft) {
  const Json* said = find(operation, "requestBody");
  const bool old = std::any_of(parameters.begin(), parameters.end(), [](const Parameter& p) {
    return p.in == "body" || p.in == "formData";
  });
  if (said == nullptr && !(converter.document().swagger() && old)) return true;
  if (without_body(draft.method)) {
    converter.notes().add(
        "body_left_out",
        fmt::format("the body of a {} is left out: its params go into the query", draft.method));
    return true;
  }
  if (converter.document().swagger()) {
    add_swagger_body(operation, parameters, converter, draft);
    return true;
  }
  const Json* body = converter.document().resolved(*said, converter.notes());
  if (body == nullptr) {
    converter.notes().add("unknown_body",
                          "the body is not known, so the call would be wrong; the operation is "
                          "left out");
    return false;
  }
  const Json* content = find(*body, "content");
  const std::optional<Media> media = content == nullptr ? std::nullopt : best_media(*content);
  if (!media) return true;  // an empty body
  say_encoding(*media, draft);
  const Json* required = find(*body, "required");
  BodyAdder(converter, draft, *media).add(required != nullptr && *required == Json(true));
  return true;
}

}  // namespace pilot::providers::openapi
