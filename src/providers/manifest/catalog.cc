#include "providers/manifest/catalog.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "base/yaml.h"
#include "providers/manifest/from_openapi.h"
#include "providers/manifest/load.h"
#include "providers/manifest/reader.h"

namespace pilot::providers::manifest {
namespace {

constexpr std::size_t kFileBytes = 2u << 20;
constexpr int kExtends = 5;  // how long a chain of `extends` may be

std::string stem_of(const std::string& name) { return std::filesystem::path(name).stem().string(); }

std::vector<std::string> texts_of(const Json& document, std::string_view key) {
  std::vector<std::string> out;
  const Json* list = find(document, key);
  if (list == nullptr || !list->is_array()) return out;
  for (const Json& item : list->get_array()) {
    if (item.is_string()) out.emplace_back(as_view(item.get_string()));
  }
  return out;
}

struct Read {
  const SourceFile* file = nullptr;
  Json document;
};

// Reads all files, resolves `extends`, loads each.
class CatalogReader {
 public:
  CatalogReader(const Registry* taken, std::span<const CatalogEntry> parents) : taken_(taken) {
    for (const CatalogEntry& entry : parents) parents_[entry.id] = &entry.document;
  }

  Catalog read(std::span<const SourceFile> files);

 private:
  void parse(const SourceFile& file);
  std::optional<Json> resolved(const Read& read, int depth);
  void take(const Read& read);
  void fault(const SourceFile& file, std::string_view pointer, std::string code,
             std::string message) {
    out_.faults.push_back(
        {file.name, yaml_line(file.text, pointer), std::move(code), std::move(message)});
  }

  const Registry* taken_;
  std::map<std::string, const Json*, std::less<>> parents_;
  std::vector<Read> read_;
  std::map<std::string, std::size_t, std::less<>> by_id_;
  std::set<std::string, std::less<>> names_;
  Catalog out_;
};

void CatalogReader::parse(const SourceFile& file) {
  Result<Json> document = parse_yaml(file.text);
  if (!document) {
    const std::string& where = document.error().pointer;  // "line 3, column 7"
    const int line = where.starts_with("line ") ? std::atoi(where.c_str() + 5) : 0;
    out_.faults.push_back(
        {file.name, line, std::string(document.error().code_or_kind()), document.error().message});
    return;
  }
  if (!document->is_object()) {
    fault(file, "", "wrong_type", "a manifest is a map: id, name, base, actions ...");
    return;
  }
  JsonObject& object = document->get_object();
  if (!object.contains("id")) {
    JsonObject with_id{{"id", stem_of(file.name)}};
    for (auto& member : object) with_id[member.key()] = std::move(member.value());
    object = std::move(with_id);
  }
  const std::string id(string_or(*document, "id"));
  if (!by_id_.emplace(id, read_.size()).second) {
    fault(file, "/id", "duplicate_name",
          fmt::format("the id {} is there already, in {}", id, read_[by_id_[id]].file->name));
    return;
  }
  read_.push_back({&file, std::move(*document)});
}

std::optional<Json> CatalogReader::resolved(const Read& read, int depth) {
  Result<Json> whole = with_openapi(read.document, read.file->directory);
  if (!whole) {
    const Error& wrong = whole.error();
    fault(*read.file, wrong.pointer, std::string(wrong.code_or_kind()), wrong.message);
    return std::nullopt;
  }
  const std::string parent(string_or(*whole, "extends"));
  if (parent.empty()) return std::move(*whole);
  if (depth == kExtends) {
    fault(*read.file, "/extends", "invalid_extends",
          "`extends` goes round in a circle, or through too many manifests");
    return std::nullopt;
  }
  std::optional<Json> base;
  if (const auto found = by_id_.find(parent); found != by_id_.end()) {
    base = resolved(read_[found->second], depth + 1);
  } else if (const auto beside = parents_.find(parent); beside != parents_.end()) {
    base = *beside->second;
  } else {
    fault(*read.file, "/extends", "unknown_provider",
          fmt::format("there is no manifest {} to extend", parent));
  }
  if (!base) return std::nullopt;
  return extended(*base, *whole);
}

void CatalogReader::take(const Read& read) {
  std::optional<Json> document = resolved(read, 0);
  if (!document) return;
  Loaded loaded = load(*document);
  for (const Problem& problem : loaded.problems) {
    fault(*read.file, problem.pointer, problem.code,
          problem.pointer.empty() ? problem.message
                                  : fmt::format("{} ({})", problem.message, problem.pointer));
  }
  CatalogEntry entry{std::string(string_or(*document, "id")), texts_of(*document, "aliases"), {}};
  bool good = loaded.problems.empty();
  const auto name = [&](const std::string& text, std::string_view pointer) {
    if (names_.insert(text).second && (taken_ == nullptr || !taken_->has(text))) return;
    good = false;
    fault(*read.file, pointer, "duplicate_name",
          fmt::format("another provider has the name or alias {}", text));
  };
  name(entry.id, "/id");
  for (const std::string& alias : entry.aliases) name(alias, "/aliases");
  if (!good) return;
  entry.document = std::move(*document);
  out_.entries.push_back(std::move(entry));
}

Catalog CatalogReader::read(std::span<const SourceFile> files) {
  for (const SourceFile& file : files) parse(file);
  for (const Read& read : read_) take(read);
  std::ranges::sort(out_.entries, {}, &CatalogEntry::id);
  return std::move(out_);
}

std::unique_ptr<Provider> made(const Json& document) {
  Loaded loaded = load(document);
  if (!loaded.provider) {
    throw std::logic_error("a manifest that was checked does not load: " +
                           loaded.problems.front().message);
  }
  return std::move(loaded.provider);
}

// Calls `take` for each provider of a blob: its names, and its JSON.
void walk(std::string_view blob,
          const std::function<void(std::vector<std::string>, std::string_view)>& take) {
  while (!blob.empty()) {
    const std::size_t names_end = blob.find('\n');
    const std::size_t json_end = blob.find('\n', names_end + 1);
    if (names_end == std::string_view::npos || json_end == std::string_view::npos) {
      throw std::logic_error("the packed catalogue is cut");
    }
    std::istringstream line{std::string(blob.substr(0, names_end))};
    std::vector<std::string> names;
    for (std::string name; line >> name;) names.push_back(std::move(name));
    take(std::move(names), blob.substr(names_end + 1, json_end - names_end - 1));
    blob.remove_prefix(json_end + 1);
  }
}

Json parsed(std::string_view json) {
  Result<Json> document = parse_json(json);
  if (!document) throw std::logic_error("the packed catalogue: " + document.error().message);
  return std::move(*document);
}

}  // namespace

std::string CatalogFault::text() const {
  return line > 0 ? fmt::format("{}:{}: {}", file, line, message)
                  : fmt::format("{}: {}", file, message);
}

std::vector<SourceFile> read_source_files(const std::filesystem::path& directory,
                                          std::vector<CatalogFault>& faults) {
  std::vector<SourceFile> out;
  std::error_code failed;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
    const std::string ending = entry.path().extension().string();
    if (ending == ".yaml" || ending == ".yml") paths.push_back(entry.path());
  }
  if (failed) {
    faults.push_back({directory.string(), 0, "unreadable", failed.message()});
    return out;
  }
  std::ranges::sort(paths);
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in || text.view().size() > kFileBytes) {
      faults.push_back({path.filename().string(), 0, "unreadable",
                        in ? "the file is larger than 2 MB" : "the file cannot be read"});
      continue;
    }
    out.push_back({path.filename().string(), std::move(text).str(), directory});
  }
  return out;
}

Catalog read_catalog(std::span<const SourceFile> files, const Registry* taken,
                     std::span<const CatalogEntry> parents) {
  return CatalogReader(taken, parents).read(files);
}

std::string pack(const Catalog& catalog) {
  std::string out;
  for (const CatalogEntry& entry : catalog.entries) {
    out += entry.id;
    for (const std::string& alias : entry.aliases) out += ' ' + alias;
    out += '\n';
    out += to_json(entry.document);
    out += '\n';
  }
  return out;
}

void register_packed(Registry& registry, std::string_view blob) {
  walk(blob, [&](std::vector<std::string> names, std::string_view json) {
    std::string id = std::move(names.front());
    names.erase(names.begin());
    registry.add_lazy(
        LazyProvider{std::move(id), std::move(names), [json] { return made(parsed(json)); }});
  });
}

std::vector<CatalogEntry> unpack(std::string_view blob) {
  std::vector<CatalogEntry> out;
  walk(blob, [&](std::vector<std::string> names, std::string_view json) {
    CatalogEntry entry{names.front(), {names.begin() + 1, names.end()}, parsed(json)};
    out.push_back(std::move(entry));
  });
  return out;
}

void register_catalog(Registry& registry, Catalog catalog) {
  for (CatalogEntry& entry : catalog.entries) {
    auto document = std::make_shared<const Json>(std::move(entry.document));
    registry.add_lazy(
        LazyProvider{entry.id, entry.aliases, [document] { return made(*document); }});
  }
}

}  // namespace pilot::providers::manifest
