#include "providers/openapi/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/nearest.h"
#include "base/yaml.h"
#include "model/limits.h"
#include "providers/openapi/draft.h"
#include "providers/openapi/operation.h"

namespace pilot::providers::openapi {
namespace {

constexpr std::size_t kId = 40;         // characters of an id made from the title
constexpr std::size_t kLongestId = 64;  // of one that is given
constexpr std::size_t kGlobs = 1'000;
constexpr std::size_t kGlob = 300;     // bytes
constexpr std::size_t kLeast = 1'500;  // bytes that each action may have
constexpr std::size_t kMost = 64'000;

constexpr std::array<int, 5> kDepths = {6, 3, 2, 1, 0};

std::string id_of(const ImportOptions& options, const Json& info) {
  if (!options.name.empty()) return options.name;
  std::string id = snake_case(string_or(info, "title"), kId);
  for (const std::string_view word : {"_api", "_rest", "_openapi"}) {
    if (id.ends_with(word) && id.size() > word.size()) id.resize(id.size() - word.size());
  }
  return id.empty() ? "imported_api" : id;
}

Status check_options(const ImportOptions& options) {
  if (!options.name.empty() &&
      (options.name.size() > kLongestId ||
       options.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") !=
           std::string::npos)) {
    return invalid("invalid_name", "the name is snake_case: a-z, 0-9 and _, at most 64 characters");
  }
  if (options.include.size() > kGlobs) {
    return invalid("invalid_include", "more than 1,000 patterns of operations");
  }
  for (const std::string& glob : options.include) {
    if (glob.size() > kGlob) {
      return invalid("invalid_include", "a pattern of operations has more than 300 bytes");
    }
  }
  return ok();
}

// Writes the actions: each as deep as there is room for it, and all within the limit.
class Writer {
 public:
  Writer(const Surroundings& around, std::size_t operations)
      : around_(around),
        share_(std::clamp(limits::kManifestBytes / std::max<std::size_t>(operations, 1), kLeast,
                          kMost)) {}

  // Begins with the level that was right for the action before: most documents have one that is.
  Status add(const Operation& operation, Notes& notes) {
    std::size_t level = level_;
    Try made = build(operation, level);
    while (made.full && level < kDepths.size()) made = build(operation, ++level);
    while (made.action && level <= level_ && level > 0) {
      Try deeper = build(operation, level - 1);
      if (deeper.full) break;
      made = std::move(deeper);
      --level;
    }
    if (!around_.document.steps().left()) {
      return invalid("import_too_complex",
                     "the schemas of this document refer to one another too much to be written "
                     "out; import a part of it (include)",
                     operation.pointer);
    }
    if (made.action && level > 0) {
      made.notes.add("truncated",
                     "what lies deeper in a schema is not written out; any value is taken");
    }
    notes.take(made.notes);
    if (!made.action) return ok();
    level_ = level;
    return keep(operation, std::move(*made.action));
  }

  JsonObject take() { return std::move(actions_); }

 private:
  struct Try {
    std::optional<JsonObject> action;
    bool full = false;
    Notes notes;
  };

  // The last level has no limit of its own.
  Try build(const Operation& operation, std::size_t level) {
    const bool last = level == kDepths.size();
    const Extent extent{.depth = last ? 0 : kDepths[level],
                        .bytes = last ? limits::kManifestBytes : share_,
                        .descriptions = !last && kDepths[level] > 0};
    Try out;
    out.notes.at(operation.pointer);
    auto built = build_action(operation, around_, extent, out.notes);
    if (!built) return out;
    out.full = built->full && !last;
    out.action = std::move(built->action);
    return out;
  }

  Status keep(const Operation& operation, JsonObject action) {
    Json value(std::move(action));
    bytes_ += json_size(value) + operation.name.size() + 4;
    if (bytes_ > limits::kManifestBytes) {
      return invalid("import_too_large",
                     fmt::format("the manifest would have more than {} MB; import a part of the "
                                 "document (include)",
                                 limits::kManifestBytes >> 20),
                     operation.pointer);
    }
    actions_[operation.name] = std::move(value);
    return ok();
  }

  const Surroundings& around_;
  std::size_t share_;
  std::size_t level_ = 0;  // an index of kDepths, or past them
  std::size_t bytes_ = 0;
  JsonObject actions_;
};

// Gives operations the names that they are wished to have.
Status rename(std::vector<Operation>& operations, const ImportOptions& options) {
  if (options.rename.empty()) return ok();
  std::set<std::string, std::less<>> wished;
  for (const auto& [old, name] : options.rename) {
    const auto is_it = [&](const Operation& one) {
      return string_or(*one.object, "operationId") == old || one.name == old;
    };
    const auto found = std::ranges::find_if(operations, is_it);
    if (found == operations.end()) {
      std::vector<std::string> known;
      for (const Operation& one : operations) known.push_back(one.name);
      return invalid("unknown_operation",
                     fmt::format("rename: there is no operation {} among those that are included{}",
                                 old, did_you_mean(old, known)));
    }
    if (name.empty() || name.size() > kLongestId || snake_case(name, kLongestId) != name) {
      return invalid("invalid_name",
                     fmt::format("rename: the name of an action is snake_case, this is \"{}\"",
                                 utf8_prefix(name, kLongestId)));
    }
    found->name = name;
  }
  for (const Operation& one : operations) {
    if (wished.insert(one.name).second) continue;
    return invalid("duplicate_name",
                   fmt::format("rename: two operations would be called {}", one.name), one.pointer);
  }
  return ok();
}

// An encoding that all bodies have is the provider's.
void share_body(JsonObject& manifest, JsonObject& actions) {
  std::string_view common;
  for (const auto& member : actions) {
    const JsonObject& action = member.value().get_object();
    const std::string_view method = string_or(member.value(), "do");
    if (without_body(method.substr(0, method.find(' ')))) continue;
    const Json* body = action.if_contains("body");
    const std::string_view kind = body == nullptr ? "json" : as_view(body->get_string());
    if (body == nullptr && !action.contains("params")) continue;
    if (kind != "form" || (!common.empty() && common != kind)) return;
    common = "form";
  }
  if (common.empty()) return;
  manifest["body"] = "form";
  for (auto& member : actions) member.value().get_object().erase("body");
}

}  // namespace

Result<Json> read_openapi(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const JsonLimits limits{.max_bytes = limits::kOpenApiBytes,
                          .max_depth = limits::kOpenApiDepth,
                          .max_keys = limits::kOpenApiKeys,
                          .max_nodes = limits::kOpenApiKeys,
                          .lenient_numbers = true};
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool json = first != std::string_view::npos && text[first] == '{';
  return json ? parse_json(text, limits) : parse_yaml(text, limits);
}

Result<ImportedManifest> import_openapi(const Json& root, const ImportOptions& options) {
  static const Json kNothing = JsonObject{};
  if (Status fine = check_options(options); !fine) return fine.error();
  if (Status fine = Document::check(root); !fine) return fine.error();
  Document document(root);
  Notes notes;
  Result<std::vector<Operation>> operations = list_operations(document, notes);
  if (!operations) return operations.error();
  ImportedManifest out;
  out.operations = operations->size();
  std::erase_if(*operations,
                [&](const Operation& one) { return !is_included(one, options.include); });
  if (operations->empty()) {
    return invalid("no_operations", "none of its operations is one of those to include", "/paths");
  }
  if (operations->size() > limits::kOpenApiOperations) {
    return invalid("too_many_operations",
                   fmt::format("{} operations; at most {} are taken: import a part of them "
                               "(include)",
                               operations->size(), limits::kOpenApiOperations),
                   "/paths");
  }
  if (Status renamed = rename(*operations, options); !renamed) return renamed.error();
  Result<Address> address = find_address(document, options.base, options.source_url, notes);
  if (!address) return address.error();
  Security security(document, *address, notes);
  for (const Operation& one : *operations) security.count(security.demand_of(*one.object));

  const Surroundings around{document, security, *address, options.source_url};
  Writer writer(around, operations->size());
  for (const Operation& one : *operations) {
    if (Status done = writer.add(one, notes); !done) return done.error();
  }
  JsonObject actions = writer.take();
  if (actions.empty()) {
    return invalid("no_operations", "none of its operations can be called; see its $refs",
                   "/paths");
  }
  const Json* about = find(root, "info");
  const Json& info = about == nullptr ? kNothing : *about;
  JsonObject manifest{{"id", id_of(options, info)}};
  std::string title = plain_text(string_or(info, "title"), 100);
  if (!title.empty()) manifest["name"] = std::move(title);
  std::string words = plain_text(string_or(info, "description"), 500);
  if (!words.empty()) manifest["description"] = std::move(words);
  if (const Json* docs = find(root, "externalDocs")) {
    std::string url = absolute_url(string_or(*docs, "url"), address->base);
    if (!url.empty() && url.size() < 500) manifest["docs"] = std::move(url);
  }
  manifest["base"] = address->base;
  if (!address->fields.empty()) manifest["fields"] = std::move(address->fields);
  if (Json auth = security.provider(); !auth.is_null()) manifest["auth"] = std::move(auth);
  share_body(manifest, actions);
  out.actions = actions.size();
  manifest["actions"] = std::move(actions);
  out.manifest = std::move(manifest);
  out.notes = notes.list();
  return out;
}

}  // namespace pilot::providers::openapi
