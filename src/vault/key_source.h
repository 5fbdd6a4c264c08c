// Where the keys come from: an environment variable, or the key file. Main thread at start; then a
// value that is only read, any thread. Codes: those of KeyRing.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "vault/key_ring.h"

namespace pilot::vault {

struct KeySource {
  std::string variable;                // PILOT_ENCRYPTION_KEYS, ...; empty: the file
  std::shared_ptr<const Secret> text;  // the variable's value
  std::filesystem::path file;

  bool is_file() const { return variable.empty(); }
  std::string name() const { return is_file() ? file.string() : variable; }  // for people
};

// Takes PILOT_ENCRYPTION_KEYS (several) and the old service's PILOT_ENCRYPTION_KEY (one) out of the
// environment; afterwards they are not in it any more. Without them the keys are in a file, whose
// path the caller sets. Code two_key_variables when both are set: neither is the whole truth.
Result<KeySource> take_key_source();

Result<KeyRing> read_keys(const KeySource& source);

}  // namespace pilot::vault
