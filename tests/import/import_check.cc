// Imports every OpenAPI document whose name stands on a line of stdin, in one process, and writes a
// line of JSON for each: {file, bytes, ok, code, message, actions, notes, ms, rss_kib}. A manifest
// must also load, and hold what all of them must. Used by tools/import_check.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>

#include "providers/openapi/import.h"
#include "providers/openapi/manifest_check_for_test.h"

namespace {

using pilot::Json;
using pilot::JsonObject;
using namespace pilot::providers::openapi;

long peak_rss_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

JsonObject check(const std::string& text) {
  const auto begin = std::chrono::steady_clock::now();
  const auto ms = [&] {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
        .count();
  };
  const auto failed = [&](const pilot::Error& error) {
    return JsonObject{{"ok", false},
                      {"code", std::string(error.code_or_kind())},
                      {"message", error.message},
                      {"pointer", error.pointer},
                      {"ms", ms()}};
  };
  const auto document = read_openapi(text);
  if (!document) return failed(document.error());
  const double read_ms = ms();
  const auto imported = import_openapi(*document);
  if (!imported) return failed(imported.error());
  JsonObject out{{"ok", true},
                 {"ms", ms()},
                 {"read_ms", read_ms},
                 {"operations", imported->operations},
                 {"actions", imported->actions},
                 {"manifest_bytes", pilot::json_size(imported->manifest)},
                 {"notes", to_json_value(imported->notes)}};
  const double made_ms = ms();
  const auto faults = ManifestCheck::faults(imported->manifest);
  out["load_ms"] = ms() - made_ms;
  if (!faults.empty()) {
    out["ok"] = false;
    out["code"] = "bad_manifest";
    out["message"] = faults[0];
    out["faults"] = faults.size();
  }
  return out;
}

}  // namespace

int main() {
  for (std::string name; std::getline(std::cin, name);) {
    std::ifstream file(name, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    JsonObject line = check(text);
    line["file"] = name;
    line["bytes"] = text.size();
    line["rss_kib"] = peak_rss_kib();
    std::cout << pilot::to_json(Json(std::move(line))) << std::endl;
  }
}
