// pilot providers: what there is, what would be sent, and whether a manifest is right. Options in,
// exit code out, as in commands.h. Main thread.
#pragma once

#include "app/session.h"

namespace CLI {
class App;
}

namespace pilot::app {

struct ImportCommandOptions {
  std::string source;                // a file, - for stdin, or an http(s) URL
  std::vector<std::string> include;  // globs
  std::string name;
  std::string base;
  std::string out;  // a file; its ending says how: .json, else YAML
  bool dry_run = false;
  bool allow_private_network = false;
};
// The manifest goes to stdout, or to --out; notes to stderr. With neither --dry-run nor --out the
// document becomes a custom integration of the user.
int providers_import(const GlobalOptions& global, const ImportCommandOptions& options);

struct ProviderCommandOptions {
  std::string provider;
  std::string action;
  std::string params = "{}";
  std::string connection = "default";
  std::string connection_values;
  std::string search;
  std::vector<std::string> paths;
  ImportCommandOptions import;
};

int providers_list(const GlobalOptions& global, const ProviderCommandOptions& options);
int providers_show(const GlobalOptions& global, const ProviderCommandOptions& options);
int providers_request(const GlobalOptions& global, const ProviderCommandOptions& options);
int providers_check(const GlobalOptions& global, const ProviderCommandOptions& options);

// Adds them to the command line. All outlive the parse.
void add_provider_commands(CLI::App& app, const GlobalOptions& global,
                           ProviderCommandOptions& options, int& exit_code);

}  // namespace pilot::app
