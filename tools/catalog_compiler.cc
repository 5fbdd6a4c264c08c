// catalog_compiler DIRECTORY OUT: checks all manifests of a directory and packs them for the
// binary. Run by the build; a fault stops it with file and line.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>

#include "providers/manifest/catalog.h"

int main(int argc, char** argv) {
  using namespace pilot::providers;
  if (argc != 3) {
    fmt::print(stderr, "usage: catalog_compiler DIRECTORY OUT\n");
    return 2;
  }
  Registry native;
  register_native_providers(native);
  std::vector<manifest::CatalogFault> faults;
  const auto files = manifest::read_source_files(argv[1], faults);
  const manifest::Catalog catalog = manifest::read_catalog(files, &native);
  faults.insert(faults.end(), catalog.faults.begin(), catalog.faults.end());
  for (const auto& fault : faults) fmt::print(stderr, "{}/{}\n", argv[1], fault.text());
  if (!faults.empty()) return 1;
  std::ofstream out(argv[2], std::ios::binary);
  out << manifest::pack(catalog);
  return out.flush() ? 0 : 1;
}
