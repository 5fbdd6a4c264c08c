// pilot providers import: an OpenAPI document becomes a manifest, here, without a data directory;
// only storing it needs one.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <iostream>
#include <iterator>

#include "app/fetch_document.h"
#include "app/output.h"
#include "app/provider_commands.h"
#include "base/log.h"
#include "base/run_here.h"
#include "base/yaml.h"
#include "providers/custom_hosts.h"
#include "providers/openapi/import.h"

namespace pilot::app {
namespace {

using providers::openapi::ImportedManifest;
using providers::openapi::ImportOptions;
using providers::openapi::Note;

bool is_url(std::string_view source) {
  return source.starts_with("https://") || source.starts_with("http://");
}

Result<std::string> read_stream(std::istream& in, std::string_view name) {
  std::string text;
  char block[1 << 16];
  while (in.read(block, sizeof block) || in.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(in.gcount()));
    if (text.size() > limits::kOpenApiBytes) {
      return too_large("document_too_large",
                       fmt::format("{} has more than {} MB", name, limits::kOpenApiBytes >> 20));
    }
  }
  if (in.bad()) return invalid("unreadable_file", fmt::format("{} cannot be read", name));
  return text;
}

Result<std::string> read_source(const GlobalOptions& global, const ImportCommandOptions& options) {
  if (options.source == "-") return read_stream(std::cin, "stdin");
  if (!is_url(options.source)) {
    std::ifstream file(options.source, std::ios::binary);
    if (!file) {
      return invalid("unreadable_file",
                     fmt::format("{} cannot be read", printable(options.source)));
    }
    return read_stream(file, printable(options.source));
  }
  Log log(global.log_level, global.log_format);
  boost::asio::io_context io{1};
  const auto transport =
      http::make_curl_transport({.addresses = {.allow_loopback = options.allow_private_network,
                                               .allow_private = options.allow_private_network}},
                                log);
  return run_here(io, fetch_document(*transport, options.source));
}

// Where its calls, and credentials with them, may go.
std::string words_of(const Json& host) {
  std::string out = printable(string_or(host, "host"));
  if (string_or(host, "for") == "sign_in") out += " (sign-in)";
  if (const Json* count = find(host, "operations")) {
    out += fmt::format(" ({} operation{})", to_json(*count), *count == Json(1) ? "" : "s");
  }
  return out;
}

void tell(const ImportedManifest& imported) {
  fmt::print(stderr, "{} of {} operations became actions\n", imported.actions, imported.operations);
  std::vector<std::string> hosts;
  const Json all = providers::hosts_json(imported.manifest);
  for (const Json& host : all.get_array()) hosts.push_back(words_of(host));
  fmt::print(stderr, "credentials may go to: {}\n", fmt::join(hosts, ", "));
  for (const Note& note : imported.notes) {
    fmt::print(stderr, "note: {}{} (at {})\n", printable(note.message),
               note.count > 1 ? fmt::format(", {} times", note.count) : "",
               printable(note.pointer));
  }
}

int write_out(const std::string& path, const Json& manifest) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << (path.ends_with(".json") ? to_pretty_json(manifest) + "\n" : to_yaml(manifest));
  file.close();
  if (file) return kExitOk;
  return refuse(invalid("unwritable_file", fmt::format("{} cannot be written", printable(path))));
}

// Through the API, as everything that is stored: the server makes the manifest of the document
// anew, and judges its name.
int store(const GlobalOptions& global, const ImportCommandOptions& options,
          const std::string& document) {
  JsonArray include;
  for (const std::string& glob : options.include) include.emplace_back(glob);
  JsonObject body{{"openapi", document}, {"include", std::move(include)}};
  if (is_url(options.source)) body["source_url"] = options.source;
  if (!options.name.empty()) body["name"] = options.name;
  if (!options.base.empty()) body["base_url"] = options.base;
  Result<Session> session = Session::open(global);
  if (!session) return refuse(session.error());
  const Result<Json> made =
      session->client().expect("POST", "/api/custom-integrations", Json(std::move(body)));
  if (!made) return refuse(made.error());
  if (global.json) {
    print_json(*made);
  } else {
    const Json* integration = find(*made, "integration");
    print_line(fmt::format("custom integration {} ({})",
                           integration == nullptr ? "" : field(*integration, "name"),
                           integration == nullptr ? "" : field(*integration, "id")));
  }
  return kExitOk;
}

}  // namespace

int providers_import(const GlobalOptions& global, const ImportCommandOptions& options) {
  const Result<std::string> text = read_source(global, options);
  if (!text) return refuse(text.error());
  const Result<Json> document = providers::openapi::read_openapi(*text);
  if (!document) return refuse(document.error());
  const Result<ImportedManifest> imported = providers::openapi::import_openapi(
      *document, {.include = options.include,
                  .name = options.name,
                  .source_url = is_url(options.source) ? options.source : "",
                  .base = options.base});
  if (!imported) return refuse(imported.error());
  tell(*imported);
  if (!options.out.empty()) return write_out(options.out, imported->manifest);
  if (!options.dry_run) return store(global, options, *text);
  if (global.json) {
    print_json(JsonObject{{"manifest", imported->manifest},
                          {"notes", providers::openapi::to_json_value(imported->notes)},
                          {"hosts", providers::hosts_json(imported->manifest)},
                          {"operations", imported->operations},
                          {"actions", imported->actions}});
  } else {
    fmt::print("{}", to_yaml(imported->manifest));
  }
  return kExitOk;
}

}  // namespace pilot::app
