// What `pilot serve` is called with. Main thread.
#pragma once

#include "app/commands.h"

namespace CLI {
class App;
}

namespace pilot::app {

// Adds them to the command. Both outlive the parse.
void add_serve_options(CLI::App& serve, ServeOptions& options);

}  // namespace pilot::app
