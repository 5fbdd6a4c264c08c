// Every manifest of the catalogue loads, and every example call of every action builds the request
// that it says.
#include "providers/manifest/examples.h"

#include <gtest/gtest.h>

#include "providers/manifest/catalog.h"
#include "providers/manifest/load.h"

namespace pilot::providers::manifest {
namespace {

TEST(Catalogue, LoadsAndItsExamplesBuildWhatTheySay) {
  std::vector<CatalogFault> faults;
  const auto files = read_source_files(std::filesystem::path(PILOT_SOURCE_DIR) / "catalog", faults);
  Registry native;
  register_native_providers(native);
  const Catalog catalog = read_catalog(files, &native);
  for (const auto& fault : catalog.faults) ADD_FAILURE() << fault.text();
  int run = 0;
  for (const CatalogEntry& entry : catalog.entries) {
    const Loaded loaded = load(entry.document);
    ASSERT_TRUE(loaded.provider) << entry.id;
    const ExampleReport report = run_examples(entry.document, *loaded.provider);
    run += report.run;
    for (const ExampleFault& fault : report.faults) {
      ADD_FAILURE() << entry.id << ".yaml " << fault.pointer << ": " << fault.message;
    }
    for (const std::string& name : report.without) {
      ADD_FAILURE() << entry.id << "." << name << " has no example";
    }
  }
  EXPECT_GE(catalog.entries.size(), 320u);
  EXPECT_GE(run, 1'400);
}

TEST(Catalogue, AnExampleThatDiffersIsTold) {
  const JsonObject request{{"url", "https://a.example/y"}};
  const Json document = JsonObject{
      {"id", "a"},
      {"base", "https://a.example"},
      {"actions",
       JsonObject{{"x", JsonObject{{"do", "GET /x"},
                                   {"examples", JsonArray{JsonObject{{"request", request}}}}}},
                  {"z", JsonObject{{"do", "GET /z"}}}}}};
  const Loaded loaded = load(document);
  ASSERT_TRUE(loaded.provider);
  const ExampleReport report = run_examples(document, *loaded.provider);
  ASSERT_EQ(report.faults.size(), 1u);
  EXPECT_EQ(report.faults[0].pointer, "/actions/x/examples/0");
  EXPECT_EQ(report.faults[0].message, "url is https://a.example/x, not https://a.example/y");
  EXPECT_EQ(report.without, std::vector<std::string>{"z"});
}

}  // namespace
}  // namespace pilot::providers::manifest
