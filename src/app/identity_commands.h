// pilot keys and pilot users: who may call. Options in, exit code out, as in commands.h. Main
// thread.
#pragma once

#include "app/session.h"

namespace CLI {
class App;
}

namespace pilot::app {

// Keys are those of --user; users those of whoever runs the server.
struct IdentityCommandOptions {
  std::string id;
  std::string name;
  std::string scopes;
  std::string expires;
  std::string email;
  std::string owner;
  bool password = false;  // ask for one
  std::vector<std::string> allow_hosts;
  bool any_host = false;
  std::int64_t limit = 50;
};

int keys_create(const GlobalOptions& global, const IdentityCommandOptions& options);
int keys_list(const GlobalOptions& global, const IdentityCommandOptions& options);
int keys_revoke(const GlobalOptions& global, const IdentityCommandOptions& options);

int users_create(const GlobalOptions& global, const IdentityCommandOptions& options);
int users_list(const GlobalOptions& global, const IdentityCommandOptions& options);
int users_set(const GlobalOptions& global, const IdentityCommandOptions& options);
int users_passwd(const GlobalOptions& global, const IdentityCommandOptions& options);
int users_disable(const GlobalOptions& global, const IdentityCommandOptions& options);
int users_enable(const GlobalOptions& global, const IdentityCommandOptions& options);
int users_remove(const GlobalOptions& global, const IdentityCommandOptions& options);

// Adds them to the command line. All outlive the parse.
void add_identity_commands(CLI::App& app, const GlobalOptions& global,
                           IdentityCommandOptions& options, int& exit_code);

}  // namespace pilot::app
