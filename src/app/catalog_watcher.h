// Manifests of the operator's own directory (--catalog DIR), laid over the catalogue in the binary
// and read again when a file changes. Owned by App; a thread of its own looks every two seconds.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

#include "providers/registry.h"

namespace pilot {
class Log;
}

namespace pilot::app {

class CatalogWatcher {
 public:
  // Reads the directory now. Files with a fault are left out, and said so in the log with file and
  // line. Code unreadable when the directory cannot be read.
  static Result<std::unique_ptr<CatalogWatcher>> start(
      std::filesystem::path directory, std::shared_ptr<providers::Registry> registry, Log& log);
  ~CatalogWatcher();

 private:
  CatalogWatcher(std::filesystem::path directory, std::shared_ptr<providers::Registry> registry,
                 Log& log)
      : directory_(std::move(directory)), registry_(std::move(registry)), log_(log) {}
  std::string look() const;  // what changes when a file does
  void read();
  void watch();

  const std::filesystem::path directory_;
  const std::shared_ptr<providers::Registry> registry_;
  Log& log_;
  std::string seen_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

// The directory's manifests over `registry`, once; for commands. Faults go to the log.
Status lay_catalog_over(const std::filesystem::path& directory, providers::Registry& registry,
                        Log& log);

}  // namespace pilot::app
