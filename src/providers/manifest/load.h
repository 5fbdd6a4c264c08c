// A manifest's document into a Provider of the registry. The format is docs/manifests.md. Pure; any
// thread.
#pragma once

#include "model/problem.h"
#include "providers/manifest/spec.h"
#include "providers/registry.h"

namespace pilot::providers::manifest {

struct Loaded {
  std::unique_ptr<Provider> provider;  // null when there are problems
  Problems problems;                   // pointers into the document
};

// `kind` is manifest (the catalogue) or custom (a user's own). `document` has no `extends` any
// more.
Loaded load(const Json& document, std::string_view kind = "manifest");

// What `child` says over what `parent` says: maps field by field for fields, headers, query and
// actions (null takes one out), everything else as a whole. Names, aliases and examples stay the
// parent's own.
Json extended(const Json& parent, const Json& child);

}  // namespace pilot::providers::manifest
