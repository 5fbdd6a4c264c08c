#include "app/identity_commands.h"

#include <CLI/CLI.hpp>

namespace pilot::app {
namespace {

using Command = int (*)(const GlobalOptions&, const IdentityCommandOptions&);

struct Adder {
  CLI::App& parent;
  const GlobalOptions& global;
  IdentityCommandOptions& options;
  int& exit_code;

  CLI::App* add(const std::string& name, const std::string& help, Command command) const {
    CLI::App* leaf = parent.add_subcommand(name, help);
    leaf->callback(
        [adder = *this, command] { adder.exit_code = command(adder.global, adder.options); });
    return leaf;
  }
  void with_id(const std::string& name, const std::string& help, Command command) const {
    add(name, help, command)->add_option("id", options.id)->required();
  }
};

CLI::Option* add_allow_host(CLI::App& command, IdentityCommandOptions& o) {
  return command
      .add_option("--allow-host", o.allow_hosts,
                  "HOST[:PORT], .DOMAIN, address or network: the user's calls may go to such "
                  "hosts only; may be repeated")
      ->allow_extra_args(false);
}

}  // namespace

void add_identity_commands(CLI::App& app, const GlobalOptions& global, IdentityCommandOptions& o,
                           int& exit_code) {
  CLI::App* keys = app.add_subcommand("keys", "API keys; of another user with --user");
  keys->require_subcommand(1);
  const Adder key{*keys, global, o, exit_code};
  auto* create = key.add("create", "Make one and print it, this once", keys_create);
  create->add_option("--name", o.name, "to know it by")->required();
  create->add_option("--scopes", o.scopes, "of read,run,write,credentials,admin,act-as")
      ->required();
  create->add_option("--expires", o.expires, "after this time, like 90d; never if not given");
  key.add("list", "List them, newest first; never the keys themselves", keys_list)
      ->add_option("--limit", o.limit)
      ->check(CLI::Range(1, 500));
  key.with_id("revoke", "Revoke one; it is refused from then on", keys_revoke);

  CLI::App* users = app.add_subcommand("users", "Users and their passwords");
  users->require_subcommand(1);
  const Adder user{*users, global, o, exit_code};
  auto* make = user.add("create", "Make one", users_create);
  make->add_option("id", o.id, "whose plans and runs are whose")->required();
  make->add_option("--name", o.name, "to sign in with; the id if not given");
  make->add_option("--email", o.email);
  make->add_option("--owner", o.owner, "the user whose keys may act for this one");
  make->add_flag("--password", o.password, "ask for one: typed without echo, or on stdin");
  add_allow_host(*make, o);
  user.add("list", "List them", users_list)
      ->add_option("--limit", o.limit)
      ->check(CLI::Range(1, 500));
  auto* set = user.add("set", "Change what is given, and nothing else", users_set);
  set->add_option("id", o.id)->required();
  set->add_option("--name", o.name, "to sign in with");
  set->add_option("--email", o.email);
  auto* any = set->add_flag("--any-host", o.any_host, "let the user's calls go anywhere");
  add_allow_host(*set, o)->excludes(any);
  user.with_id("passwd", "Set the password: typed without echo, or on stdin", users_passwd);
  user.with_id("disable", "Refuse the keys and sessions of one", users_disable);
  user.with_id("enable", "Take back a disable", users_enable);
  user.with_id("rm", "Remove one; the id stays taken", users_remove);
}

}  // namespace pilot::app
