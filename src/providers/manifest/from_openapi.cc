#include "providers/manifest/from_openapi.h"

#include <fmt/format.h>

#include <fstream>

#include "model/limits.h"
#include "providers/manifest/load.h"
#include "providers/openapi/import.h"

namespace pilot::providers::manifest {
namespace {

constexpr std::string_view kPointer = "/openapi";

Error at(std::string_view key, std::string code, std::string message) {
  return invalid(std::move(code), std::move(message), pointer_join(kPointer, key));
}

struct Wish {
  std::string file;
  openapi::ImportOptions options;
};

Status read_include(const Json& value, Wish& wish) {
  const auto refuse = [] {
    return at("include", "wrong_type",
              "`include` is a list of operations: [listPets, 'GET /pets/*']");
  };
  if (!value.is_array()) return refuse();
  for (const Json& one : value.get_array()) {
    if (!one.is_string()) return refuse();
    wish.options.include.emplace_back(as_view(one.get_string()));
  }
  return ok();
}

Status read_rename(const Json& value, Wish& wish) {
  if (!value.is_object()) {
    return at("rename", "wrong_type", "`rename` is a map: {operationId: name_of_the_action}");
  }
  for (const auto& member : value.get_object()) {
    if (!member.value().is_string()) {
      return at("rename", "wrong_type",
                fmt::format("`rename`: the name of {} is a text", std::string_view(member.key())));
    }
    wish.options.rename.emplace(member.key(), as_view(member.value().get_string()));
  }
  return ok();
}

Result<Wish> read_wish(const Json& value) {
  Wish wish;
  if (value.is_string()) {
    wish.file = as_view(value.get_string());
    return wish;
  }
  if (!value.is_object()) {
    return invalid("wrong_type", "`openapi` is a file, or {file, include: [...], rename: {...}}",
                   std::string(kPointer));
  }
  for (const auto& member : value.get_object()) {
    const std::string_view key = member.key();
    Status read = ok();
    if (key == "file" && member.value().is_string()) {
      wish.file = as_view(member.value().get_string());
    } else if (key == "include") {
      read = read_include(member.value(), wish);
    } else if (key == "rename") {
      read = read_rename(member.value(), wish);
    } else {
      read = at(key, key == "file" ? "wrong_type" : "unknown_key",
                "`openapi` has `file` (a text), `include` and `rename`");
    }
    if (!read) return read.error();
  }
  if (wish.file.empty()) return at("file", "missing_key", "`openapi` needs `file`");
  return wish;
}

// Only what lies beside the manifest or below: a manifest is not to read other files of the host.
Result<std::string> read_document(const std::string& name, const std::filesystem::path& directory) {
  const std::filesystem::path relative(name);
  const bool leads_out = relative.is_absolute() || std::ranges::count(relative, "..") > 0;
  if (directory.empty() || leads_out) {
    return at("file", "unreadable",
              directory.empty()
                  ? "only a manifest that is a file itself can name an OpenAPI document"
                  : "the OpenAPI document lies beside the manifest, or in a folder there");
  }
  std::error_code failed;
  const auto path = std::filesystem::canonical(directory / relative, failed);
  const auto home = std::filesystem::canonical(directory, failed);
  const auto [end, rest] = std::ranges::mismatch(home, path);
  if (failed || end != home.end() || !std::filesystem::is_regular_file(path, failed)) {
    return at("file", "unreadable", fmt::format("{} cannot be read", name));
  }
  if (std::filesystem::file_size(path, failed) > limits::kOpenApiBytes) {
    return at("file", "document_too_large",
              fmt::format("{} has more than {} MB", name, limits::kOpenApiBytes >> 20));
  }
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) return at("file", "unreadable", fmt::format("{} cannot be read", name));
  return text;
}

// What is wrong with the document is told at the place of the manifest that names it.
Error in_document(const std::string& name, const Error& error) {
  const std::string where = error.pointer.empty() ? "" : fmt::format(" (at {})", error.pointer);
  return invalid(std::string(error.code_or_kind()),
                 fmt::format("{}: {}{}", name, error.message, where), std::string(kPointer));
}

}  // namespace

Result<Json> with_openapi(const Json& manifest, const std::filesystem::path& directory) {
  const Json* value = find(manifest, "openapi");
  if (value == nullptr) return manifest;
  Result<Wish> wish = read_wish(*value);
  if (!wish) return wish.error();
  const Result<std::string> text = read_document(wish->file, directory);
  if (!text) return text.error();
  const Result<Json> document = openapi::read_openapi(*text);
  if (!document) return in_document(wish->file, document.error());
  Result<openapi::ImportedManifest> imported =
      openapi::import_openapi(*document, std::move(wish->options));
  if (!imported) return in_document(wish->file, imported.error());
  JsonObject& below = imported->manifest.get_object();
  if (find(manifest, "base") != nullptr) below.erase("fields");  // they are those of its servers
  Json out = extended(imported->manifest, manifest);
  JsonObject& object = out.get_object();
  object.erase("openapi");
  // A parent's name is not its child's, but a document's is.
  if (!object.contains("name") && below.contains("name")) object["name"] = below["name"];
  if (const Json* parent = find(manifest, "extends")) object["extends"] = *parent;
  return out;
}

}  // namespace pilot::providers::manifest
