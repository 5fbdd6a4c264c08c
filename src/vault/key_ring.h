// The ring of keys: the first seals, all open. Immutable, any thread; see KeyHolder for the one
// that is replaced while the server runs. No message holds any part of a key.
//
// Codes: key_file_missing, key_file_exists, key_file_exposed, key_file_unreadable,
// key_file_unwritable, key_file_too_large, invalid_key (with "line 3"), key_twice, no_key,
// key_not_found, key_in_use, credential_unreadable. What takes a file blocks on the disk.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "vault/fernet.h"

namespace pilot::vault {

// A value under the first key, and which key that was.
struct Sealed {
  std::string token;
  std::string key_id;
};

class KeyRing {
 public:
  struct Entry {
    FernetKey key;
    std::string id;                // FernetKey::id()
    std::optional<WallTime> made;  // if the file says so
  };

  // One key a line; empty lines and lines that start with # are skipped. At least one key.
  static Result<KeyRing> parse(std::string_view text);
  // As an environment variable has it: keys by commas or lines. Pointers are "key 2".
  static Result<KeyRing> parse_list(std::string_view text);

  // Refuses a file that others can read (mode & 077) or whose folder others can write, saying so.
  static Result<KeyRing> read(const std::filesystem::path& file);
  // Makes a new key file (mode 0600, O_EXCL, fsynced with its folder) and answers its ring.
  static Result<KeyRing> create(const std::filesystem::path& file, Random& random);
  // Puts a new key first, or takes one out, and answers the ring as it is then. The file is
  // replaced whole (a new one, fsynced, renamed): a crash leaves the one or the other.
  static Result<KeyRing> add_key(const std::filesystem::path& file, WallTime now, Random& random);
  static Result<KeyRing> drop_key(const std::filesystem::path& file, std::string_view id);

  Sealed seal(std::string_view text, WallTime now, Random& random) const;
  // Tries every key, the one of that id before the others (`key_id` may be empty: not known).
  Result<Secret> open(std::string_view token, std::string_view key_id = {}) const;

  std::size_t size() const { return keys_.size(); }
  const std::vector<Entry>& keys() const { return keys_; }  // never empty
  const Entry& first() const { return keys_.front(); }
  const Entry* find(std::string_view id) const;

 private:
  static Result<KeyRing> parse(std::string_view text, std::string_view separators,
                               std::string_view word);
  std::vector<Entry> keys_;
};

}  // namespace pilot::vault
