#include "app/registry.h"

#include "app/catalog_watcher.h"
#include "app/demo/demo_server.h"
#include "base/log.h"
#include "providers/manifest/catalog.h"
#include "providers/manifest/embedded.h"

namespace pilot::app {

std::shared_ptr<providers::Registry> built_in_registry() {
  auto all = std::make_shared<providers::Registry>();
  providers::register_native_providers(*all);
  providers::manifest::register_packed(*all, providers::manifest::embedded_catalog());
  return all;
}

std::shared_ptr<const providers::Registry> make_registry(const std::filesystem::path& catalog) {
  auto all = built_in_registry();
  register_demo(*all, nullptr);
  if (!catalog.empty()) {
    Log log(LogLevel::warn);
    const Status laid = lay_catalog_over(catalog, *all, log);
    if (!laid) log.warn("{}", laid.error().message);
  }
  return all;
}

}  // namespace pilot::app
