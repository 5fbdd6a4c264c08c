// pilot providers: what there is, what would be sent, and whether a manifest is right. Options in,
// exit code out, as in commands.h. Main thread.
#pragma once

#include "app/session.h"

namespace CLI {
class App;
}

namespace pilot::app {

struct ProviderCommandOptions {
  std::string provider;
  std::string action;
  std::string params = "{}";
  std::string connection = "default";
  std::string connection_values;
  std::string search;
  std::vector<std::string> paths;
};

int providers_list(const GlobalOptions& global, const ProviderCommandOptions& options);
int providers_show(const GlobalOptions& global, const ProviderCommandOptions& options);
int providers_request(const GlobalOptions& global, const ProviderCommandOptions& options);
int providers_check(const GlobalOptions& global, const ProviderCommandOptions& options);

// Adds them to the command line. All outlive the parse.
void add_provider_commands(CLI::App& app, const GlobalOptions& global,
                           ProviderCommandOptions& options, int& exit_code);

}  // namespace pilot::app
