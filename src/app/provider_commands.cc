#include "app/provider_commands.h"

#include <CLI/CLI.hpp>

namespace pilot::app {

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
}

}  // namespace pilot::app
