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
  const auto add = [&](const std::string& name, const std::string& help, auto command) {
    CLI::App* leaf = providers->add_subcommand(name, help);
    leaf->callback([&global, &o, &exit_code, command] { exit_code = command(global, o); });
    return leaf;
  };
  add("list", "List them, all or those whose name or category has a word", providers_list)
      ->add_option("word", o.search);
  add("show", "Show one: which credentials to get, its actions and their params", providers_show)
      ->add_option("provider", o.provider)
      ->required();
  auto* request =
      add("request", "Print the request of an action; sends nothing", providers_request);
  request->add_option("provider", o.provider)->required();
  request->add_option("action", o.action)->required();
  request->add_option("--params", o.params, "the action's params as JSON");
  request->add_option("--connection", o.connection, "a stored connection");
  request->add_option("--connection-values", o.connection_values,
                      "made-up values instead of stored ones, as JSON");
  add("check", "Check manifests: what is wrong, by line, and run their examples", providers_check)
      ->add_option("path", o.paths, "manifest files, or directories of them")
      ->required();
  add_import(*providers, global, o.import, exit_code);
}

}  // namespace pilot::app
