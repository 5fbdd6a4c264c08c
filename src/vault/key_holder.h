// The ring that is in use now. Owned by the app, lent to whoever seals and opens; all see a new
// ring at once, without a restart. Any thread. Codes: those of KeyRing; keys_in_environment.
#pragma once

#include <memory>
#include <mutex>

#include "vault/key_source.h"

namespace pilot::vault {

class KeyHolder {
 public:
  // Without a source (tests) the ring stays as it is.
  explicit KeyHolder(KeyRing ring, KeySource source = {});
  KeyHolder(const KeyHolder&) = delete;
  KeyHolder& operator=(const KeyHolder&) = delete;

  std::shared_ptr<const KeyRing> ring() const;  // a snapshot
  const KeySource& source() const { return source_; }

  // With the present ring; but for a key that is not in it, the key file is looked at first:
  // another process may have put it there. A stat per such call, a read only if the file changed.
  Result<Secret> open(std::string_view token, std::string_view key_id = {}) const;

  // Changes the key file, and then what everybody here uses. They block on the disk.
  Result<std::string> add_key(WallTime now, Random& random);  // answers the new key's id
  Status drop_key(std::string_view id);

 private:
  struct Stamp {  // tells one state of the file from another
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  Stamp stamp_of_file() const;
  void refresh() const;
  Status may_edit() const;

  const KeySource source_;
  // Held for a pointer's copy; a ring is read outside of it.
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const KeyRing> ring_;  // under mutex_
  mutable Stamp seen_;  // under mutex_; of the file when it was last looked at, or nothing
};

}  // namespace pilot::vault
