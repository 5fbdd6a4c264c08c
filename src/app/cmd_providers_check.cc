// pilot providers check: manifests as the server would read them, and their examples.
#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "app/output.h"
#include "app/provider_commands.h"
#include "base/log.h"
#include "base/yaml.h"
#include "providers/manifest/catalog.h"
#include "providers/manifest/embedded.h"
#include "providers/manifest/examples.h"
#include "providers/manifest/load.h"

namespace pilot::app {
namespace {

namespace manifest = providers::manifest;
using Faults = std::vector<manifest::CatalogFault>;

std::vector<manifest::SourceFile> read_paths(const std::vector<std::string>& paths,
                                             Faults& faults) {
  std::vector<manifest::SourceFile> out;
  for (const std::string& path : paths) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
      for (manifest::SourceFile& file : manifest::read_source_files(path, faults)) {
        out.push_back({path + "/" + file.name, std::move(file.text), path});
      }
      continue;
    }
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (in) {
      const auto directory = std::filesystem::absolute(path, ignored).parent_path();
      out.push_back({path, std::move(text).str(), directory});
    } else {
      faults.push_back({path, 0, "unreadable", "the file cannot be read"});
    }
  }
  return out;
}

// The file that an entry came from: the one whose id it is.
const manifest::SourceFile& source_of(const manifest::CatalogEntry& entry,
                                      const std::vector<manifest::SourceFile>& files) {
  for (const auto& file : files) {
    const Result<Json> document = parse_yaml(file.text);
    const std::string stem = std::filesystem::path(file.name).stem().string();
    if (document && string_or(*document, "id", stem) == entry.id) return file;
  }
  return files.front();
}

struct Count {
  int actions = 0;
  int examples = 0;
  JsonArray without;
};

void run_examples(const manifest::Catalog& catalog, const std::vector<manifest::SourceFile>& files,
                  Count& count, Faults& faults) {
  for (const manifest::CatalogEntry& entry : catalog.entries) {
    const manifest::Loaded loaded = manifest::load(entry.document);
    if (!loaded.provider) continue;
    count.actions += static_cast<int>(loaded.provider->actions.size());
    const manifest::ExampleReport report = manifest::run_examples(entry.document, *loaded.provider);
    count.examples += report.run;
    for (const std::string& name : report.without) {
      count.without.emplace_back(fmt::format("{}.{}", entry.id, name));
    }
    if (report.faults.empty()) continue;
    const manifest::SourceFile& file = source_of(entry, files);
    for (const auto& fault : report.faults) {
      faults.push_back({file.name, yaml_line(file.text, fault.pointer), "example_differs",
                        fmt::format("{}: {}", fault.pointer, fault.message)});
    }
  }
}

Json fault_json(const manifest::CatalogFault& fault) {
  return JsonObject{
      {"file", fault.file}, {"line", fault.line}, {"code", fault.code}, {"message", fault.message}};
}

}  // namespace

int providers_check(const GlobalOptions& global, const ProviderCommandOptions& options) {
  Faults faults;
  const auto files = read_paths(options.paths, faults);
  providers::Registry native;
  providers::register_native_providers(native);
  const auto parents = manifest::unpack(manifest::embedded_catalog());
  const manifest::Catalog catalog = manifest::read_catalog(files, &native, parents);
  faults.insert(faults.end(), catalog.faults.begin(), catalog.faults.end());
  Count count;
  run_examples(catalog, files, count, faults);
  if (global.json) {
    JsonArray list;
    for (const auto& fault : faults) list.push_back(fault_json(fault));
    print_json(JsonObject{{"ok", faults.empty()},
                          {"providers", catalog.entries.size()},
                          {"actions", count.actions},
                          {"examples", count.examples},
                          {"without_example", std::move(count.without)},
                          {"faults", std::move(list)}});
    return faults.empty() ? kExitOk : kExitFailed;
  }
  for (const auto& fault : faults) fmt::print(stderr, "{}\n", printable(fault.text()));
  for (const Json& name : count.without) {
    print_line(fmt::format("note: {} has no example", as_view(name.get_string())));
  }
  print_line(fmt::format("{} {}, {} actions, {} examples: {}", catalog.entries.size(),
                         catalog.entries.size() == 1 ? "provider" : "providers", count.actions,
                         count.examples,
                         faults.empty() ? "all right" : fmt::format("{} faults", faults.size())));
  return faults.empty() ? kExitOk : kExitFailed;
}

}  // namespace pilot::app
