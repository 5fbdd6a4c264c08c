#include "app/provider_commands.h"

#include <CLI/CLI.hpp>

namespace pilot::app {
namespace {

CLI::App* leaf(CLI::App& parent, const std::string& name, const std::string& help, int& exit_code,
               std::function<int()> work) {
  CLI::App* command = parent.add_subcommand(name, help);
  command->callback([&exit_code, work = std::move(work)] { exit_code = work(); });
  return command;
}

void add_import(CLI::App& providers, const GlobalOptions& global, ImportCommandOptions& o,
                int& exit_code) {
  auto* command = leaf(providers, "import", "Make a provider of an OpenAPI document", exit_code,
                       [&] { return providers_import(global, o); });
  command->add_option("source", o.source, "file, URL, or - for stdin; JSON or YAML")->required();
  command
      ->add_option("--include", o.include,
                   "only operations whose id, name, tag or path this fits, like 'pets*'; may be "
                   "repeated")
      ->allow_extra_args(false);
  command->add_option("--name", o.name, "the provider's name; from the title if not given");
  command->add_option("--base", o.base, "the API's base URL, instead of the document's servers");
  command->add_option("--out", o.out, "write the manifest to this file (.yaml or .json) and stop");
  command->add_flag("--dry-run", o.dry_run, "write the manifest to stdout and store nothing");
  command->add_flag("--allow-private-network", o.allow_private_network,
                    "let the URL lead to loopback and private addresses");
}

}  // namespace

void add_provider_commands(CLI::App& app, const GlobalOptions& global, ProviderCommandOptions& o,
                           int& exit_code) {
  CLI::App* providers = app.add_subcommand("providers", "Providers and their actions");
  providers->require_subcommand(1);
  leaf(*providers, "list", "List them", exit_code, [&] { return providers_list(global); });
  leaf(*providers, "show", "Show one with its actions and their params", exit_code,
       [&] { return providers_show(global, o.request.provider); })
      ->add_option("provider", o.request.provider)
      ->required();
  auto* request = leaf(*providers, "request", "Print the request of an action; sends nothing",
                       exit_code, [&] { return providers_request(global, o.request); });
  request->add_option("provider", o.request.provider)->required();
  request->add_option("action", o.request.action)->required();
  request->add_option("--params", o.request.params, "the action's params as JSON");
  request->add_option("--connection", o.request.connection, "a stored connection");
  request->add_option("--connection-values", o.request.connection_values,
                      "made-up values instead of stored ones, as JSON");
  add_import(*providers, global, o.import, exit_code);
}

}  // namespace pilot::app
