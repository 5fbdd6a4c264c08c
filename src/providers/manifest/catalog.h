// Many manifests: read from files, checked all together, packed into one blob for the binary, and
// put into a registry, each made when it is first asked for.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "providers/registry.h"

namespace pilot::providers::manifest {

// What is wrong with a file: "acme.yaml:12: unknown key \"parms\" (did you mean \"params\"?)".
struct CatalogFault {
  std::string file;
  int line = 0;  // 0: the whole file
  std::string code;
  std::string message;

  std::string text() const;
};

struct SourceFile {
  std::string name;  // for messages; without its ending it is the default of `id`
  std::string text;  // YAML or JSON
  std::filesystem::path directory = {};  // where it lies, for the documents that it names
};

struct CatalogEntry {
  std::string id;
  std::vector<std::string> aliases;
  Json document;  // `id` put in, `extends` resolved
};

struct Catalog {
  std::vector<CatalogEntry> entries;  // only those without a fault, by id
  std::vector<CatalogFault> faults;
};

// All *.yaml and *.yml of a directory, by name; those that cannot be read are a fault.
std::vector<SourceFile> read_source_files(const std::filesystem::path& directory,
                                          std::vector<CatalogFault>& faults);

// Checks each file, and names over all of them and `taken` (may be null). `parents` holds more
// documents that may be extended.
Catalog read_catalog(std::span<const SourceFile> files, const Registry* taken,
                     std::span<const CatalogEntry> parents = {});

// The blob: for each provider a line of names (id first, by spaces) and a line of JSON.
std::string pack(const Catalog& catalog);
// Faults of a blob that pack() did not make are bugs: std::logic_error.
void register_packed(Registry& registry, std::string_view blob);
// The same as values, for `extends` over them.
std::vector<CatalogEntry> unpack(std::string_view blob);

void register_catalog(Registry& registry, Catalog catalog);

}  // namespace pilot::providers::manifest
