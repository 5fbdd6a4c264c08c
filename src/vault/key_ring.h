// The ring of keys: the first encrypts, all decrypt. Read once at start; immutable, any thread.
#pragma once

#include <filesystem>
#include <vector>

#include "vault/fernet.h"

namespace pilot::vault {

class KeyRing {
 public:
  // One key a line; empty lines and lines that start with # are skipped. At least one key.
  static Result<KeyRing> parse(std::string_view text);
  // Reads the file; refuses one that others can read (mode & 077), saying so.
  static Result<KeyRing> read(const std::filesystem::path& file);
  // Makes a new key file (mode 0600, O_EXCL, fsynced with its folder) and answers its ring.
  static Result<KeyRing> create(const std::filesystem::path& file, Random& random);

  std::string seal(std::string_view text, WallTime now, Random& random) const;
  // Tries every key. Code `credential_unreadable` when none fits.
  Result<Secret> open(std::string_view token) const;
  std::size_t size() const { return keys_.size(); }

 private:
  std::vector<FernetKey> keys_;
};

}  // namespace pilot::vault
