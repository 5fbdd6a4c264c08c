#include "app/catalog_watcher.h"

#include <fmt/format.h>
#include <pthread.h>

#include "base/log.h"
#include "providers/manifest/catalog.h"
#include "providers/manifest/embedded.h"

namespace pilot::app {
namespace {

namespace manifest = providers::manifest;
constexpr std::chrono::seconds kLook{2};

}  // namespace

Status lay_catalog_over(const std::filesystem::path& directory, providers::Registry& registry,
                        Log& log) {
  std::error_code failed;
  if (!std::filesystem::is_directory(directory, failed)) {
    return invalid("unreadable", fmt::format("--catalog: {} is no directory that can be read",
                                             directory.string()));
  }
  std::vector<manifest::CatalogFault> faults;
  const auto files = manifest::read_source_files(directory, faults);
  // A name of a native provider stays the native one's; one of the catalogue may be replaced.
  providers::Registry native;
  providers::register_native_providers(native);
  const auto parents = manifest::unpack(manifest::embedded_catalog());
  manifest::Catalog catalog = manifest::read_catalog(files, &native, parents);
  faults.insert(faults.end(), catalog.faults.begin(), catalog.faults.end());
  for (const manifest::CatalogFault& fault : faults) {
    log.warn("a manifest is left out: {}", fault.text());
  }
  log.info("catalogue: {} providers from {}", catalog.entries.size(), directory.string());
  auto top = std::make_shared<providers::Registry>();
  manifest::register_catalog(*top, std::move(catalog));
  registry.lay_over(std::move(top));
  return ok();
}

Result<std::unique_ptr<CatalogWatcher>> CatalogWatcher::start(
    std::filesystem::path directory, std::shared_ptr<providers::Registry> registry, Log& log) {
  std::unique_ptr<CatalogWatcher> watcher(
      new CatalogWatcher(std::move(directory), std::move(registry), log));
  watcher->seen_ = watcher->look();
  const Status read = lay_catalog_over(watcher->directory_, *watcher->registry_, log);
  if (!read) return read.error();
  watcher->thread_ = std::thread([w = watcher.get()] { w->watch(); });
  pthread_setname_np(watcher->thread_.native_handle(), "catalog");
  return watcher;
}

CatalogWatcher::~CatalogWatcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::string CatalogWatcher::look() const {
  std::map<std::string, std::string> files;
  std::error_code failed;
  // Folders, too: OpenAPI documents that manifests name may lie there.
  for (std::filesystem::recursive_directory_iterator at(directory_, failed), end;
       !failed && at != end; at.increment(failed)) {
    std::error_code ignored;
    const auto changed = at->last_write_time(ignored).time_since_epoch().count();
    files[at->path().string()] = fmt::format("{} {}", changed, at->file_size(ignored));
  }
  std::string out;
  for (const auto& [name, state] : files) out += fmt::format("{} {}\n", name, state);
  return out;
}

void CatalogWatcher::watch() {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, kLook, [this] { return stopping_; })) {
    std::string now = look();
    if (now == seen_) continue;
    seen_ = std::move(now);
    if (const Status read = lay_catalog_over(directory_, *registry_, log_); !read) {
      log_.warn("the catalogue stays as it was: {}", read.error().message);
    }
  }
}

}  // namespace pilot::app
