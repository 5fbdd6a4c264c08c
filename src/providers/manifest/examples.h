// The example calls of a manifest, run: what is built is compared with what the manifest says.
// Nothing is sent. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "providers/registry.h"

namespace pilot::providers::manifest {

struct ExampleFault {
  std::string pointer;  // into the manifest
  std::string message;
};

struct ExampleReport {
  int run = 0;
  std::vector<ExampleFault> faults;
  std::vector<std::string> without;  // real actions that have no example
};

// `document` is the manifest (with `extends` resolved) that `provider` was made from.
ExampleReport run_examples(const Json& document, const Provider& provider);

}  // namespace pilot::providers::manifest
