// What must hold for every manifest that an import gives, whatever the document was: for tests, the
// fuzzer and tools/import_check. Header only, included by those.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "jq/jq.h"
#include "providers/manifest/load.h"
#include "schema/schema.h"

namespace pilot::providers::openapi {

class ManifestCheck {
 public:
  // Empty when all is well.
  static std::vector<std::string> faults(const Json& manifest) {
    ManifestCheck check;
    check.provider(manifest);
    for (const Problem& problem : manifest::load(manifest, "custom").problems) {
      check.fault(
          fmt::format("does not load: {} {} ({})", problem.code, problem.message, problem.pointer));
    }
    return std::move(check.faults_);
  }

 private:
  void fault(std::string text) {
    if (faults_.size() < 20) faults_.push_back(std::move(text));
  }

  static bool made_of(std::string_view text, std::string_view letters) {
    return !text.empty() && text.find_first_not_of(letters) == std::string_view::npos;
  }
  static bool is_snake(std::string_view name) {
    return name.size() <= 64 && !name.starts_with('_') &&
           made_of(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
  }
  static bool is_word(std::string_view name) {
    return made_of(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") &&
           !(name[0] >= '0' && name[0] <= '9');
  }

  void only(const Json& map, std::initializer_list<std::string_view> keys, std::string_view where) {
    for (const auto& member : map.get_object()) {
      if (std::find(keys.begin(), keys.end(), std::string_view(member.key())) == keys.end()) {
        fault(fmt::format("{}: unknown key {}", where, std::string_view(member.key())));
      }
    }
  }

  // The names between `open` and `close`.
  static std::vector<std::string> names(std::string_view text, std::string_view open,
                                        std::string_view close) {
    std::vector<std::string> out;
    for (std::size_t at = text.find(open); at != std::string_view::npos;
         at = text.find(open, at + 1)) {
      const std::size_t end = text.find(close, at);
      if (end == std::string_view::npos) return {"?"};
      out.emplace_back(text.substr(at + open.size(), end - at - open.size()));
    }
    return out;
  }

  void program(const Json* text, std::string_view where) {
    if (text == nullptr) return;
    if (!jq::compile(as_view(text->get_string()), {"params", "status", "headers"})) {
      fault(fmt::format("{}: no jq program: {}", where, to_json(*text)));
    }
  }

  void provider(const Json& manifest) {
    only(manifest,
         {"id", "name", "description", "docs", "base", "fields", "auth", "body", "actions"}, "");
    if (!is_snake(string_or(manifest, "id"))) fault("id");
    fields(manifest);
    if (const Json* auth = find(manifest, "auth")) schemes(*auth, "auth");
    const Json* actions = find(manifest, "actions");
    if (actions == nullptr || actions->get_object().empty()) return fault("no actions");
    for (const auto& member : actions->get_object()) {
      action(std::string(member.key()), member.value());
    }
  }

  void fields(const Json& manifest) {
    const Json* all = find(manifest, "fields");
    if (all != nullptr) {
      for (const auto& member : all->get_object()) {
        fields_.emplace(member.key());
        const Json& field = member.value();
        only(field, {"title", "description", "pattern", "default", "enum"}, "fields");
        JsonObject schema{{"type", "string"}};
        if (const Json* choices = find(field, "enum")) schema["enum"] = *choices;
        const std::string_view pattern = string_or(field, "pattern");
        if (!pattern.empty()) schema["pattern"] = fmt::format("^(?:{})$", pattern);
        if (schema.size() == 1) fault("a field without pattern and enum");
        const auto compiled = schema::Schema::compile(Json(schema));
        if (!compiled) return fault("a field's pattern");
        const Json* usual = find(field, "default");
        if (usual != nullptr && !compiled->check(*usual).empty()) {
          fault(fmt::format("the default {} does not fit its field", to_json(*usual)));
        }
      }
    }
    const std::string base(string_or(manifest, "base"));
    if (!base.starts_with("https://") && !base.starts_with("http://") && !base.starts_with("{{")) {
      fault("base: " + base);
    }
    std::string rest = base;
    for (const std::string& name : names(base, "{{", "}}")) {
      if (!fields_.contains(name)) fault("base: no field " + name);
      const std::string part = "{{" + name + "}}";
      rest.erase(rest.find(part), part.size());
    }
    if (rest.find_first_of("{} ") != std::string::npos) fault("base: " + base);
  }

  void schemes(const Json& auth, const std::string& where) {
    if (auth.is_string()) {
      if (auth != Json("none")) fault(where);
      return;
    }
    if (auth.is_array()) {
      for (const Json& one : auth.get_array()) schemes(one, where);
      return;
    }
    if (auth.get_object().size() != 1) return fault(where + ": not one scheme");
    only(auth, {"bearer", "basic", "key", "oauth2", "set", "aws"}, where);
    if (const Json* grant = find(auth, "oauth2")) {
      only(*grant, {"grant", "authorize", "token", "refresh", "scopes"}, where);
      if (!string_or(*grant, "token").starts_with("https://")) fault(where + ": token");
    }
    if (const Json* key = find(auth, "key")) {
      only(*key, {"header", "query", "cookie", "field"}, where);
      if (!is_snake(string_or(*key, "field"))) fault(where + ": field");
    }
  }

  void group(const Json& one, std::string_view key, std::set<std::string>& known,
             JsonObject& properties, const std::string& where) {
    const Json* params = find(one, key);
    if (params == nullptr) return;
    for (const auto& member : params->get_object()) {
      const std::string name(member.key());
      if (!is_word(name) || name.size() > 64) fault(where + ": param " + name);
      if (!known.insert(name).second) fault(where + ": twice " + name);
      JsonObject schema = member.value().get_object();
      schema.erase("as");
      if (const Json* required = schema.if_contains("required"); required && required->is_bool()) {
        schema.erase("required");
      }
      if (Json* type = schema.if_contains("type"); type != nullptr && type->is_string()) {
        std::string word(as_view(type->get_string()));
        if (word.ends_with('!')) word.pop_back();
        if (word == "file") word = "string";
        if (word == "files") word = "array";
        *type = word;
      }
      properties[name] = std::move(schema);
    }
  }

  void action(const std::string& name, const Json& one) {
    only(one,
         {"do", "params", "query", "header", "set", "send", "body", "arrays", "title",
          "description", "docs", "deprecated", "auth", "scopes", "out", "items", "page"},
         name);
    if (!is_snake(name) || name == "request") fault("action " + name);
    std::set<std::string> known;
    JsonObject properties;
    for (const std::string_view key : {"params", "query", "header"}) {
      group(one, key, known, properties, name);
    }
    const JsonObject schema{{"type", "object"}, {"properties", std::move(properties)}};
    if (const auto fits = schema::Schema::compile(Json(schema)); !fits) {
      fault(fmt::format("{}: {} {}", name, fits.error().pointer, fits.error().message));
    }
    const std::string text(string_or(one, "do"));
    const std::size_t blank = text.find(' ');
    static const std::set<std::string> kMethods{"GET", "PUT", "POST", "DELETE", "PATCH", "HEAD"};
    if (blank == std::string::npos || !kMethods.contains(text.substr(0, blank)) ||
        (text[blank + 1] != '/' && !text.substr(blank + 1).starts_with("https://"))) {
      fault(name + ": " + text);
    }
    if (text.find("{{") != std::string::npos) fault(name + ": " + text);
    for (const std::string& param : names(text, "{", "}")) {
      if (!known.contains(param)) fault(name + ": no param for " + text);
    }
    if (const Json* auth = find(one, "auth")) schemes(*auth, name);
    program(find(one, "send"), name);
    program(find(one, "items"), name);
    if (const Json* page = find(one, "page")) {
      program(find(*page, "next"), name);
      program(find(*page, "cursor"), name);
    }
    if (const Json* set = find(one, "set")) {
      for (const auto& member : set->get_object()) {
        const std::string_view key = member.key();
        if (!key.starts_with("body.") && !key.starts_with("query.") &&
            !key.starts_with("header.")) {
          fault(name + ": set");
        }
        if (member.value().is_structured()) fault(name + ": set");
      }
    }
  }

  std::set<std::string> fields_;
  std::vector<std::string> faults_;
};

}  // namespace pilot::providers::openapi
