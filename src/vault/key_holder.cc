#include "vault/key_holder.h"

#include <sys/stat.h>

#include <utility>

namespace pilot::vault {

KeyHolder::KeyHolder(KeyRing ring, KeySource source)
    : source_(std::move(source)), ring_(std::make_shared<const KeyRing>(std::move(ring))) {}

std::shared_ptr<const KeyRing> KeyHolder::ring() const {
  const std::lock_guard lock(mutex_);
  return ring_;
}

Result<Secret> KeyHolder::open(std::string_view token, std::string_view key_id) const {
  const auto now = ring();
  if (!key_id.empty() && now->find(key_id) == nullptr) {
    refresh();
    return ring()->open(token, key_id);
  }
  return now->open(token, key_id);
}

KeyHolder::Stamp KeyHolder::stamp_of_file() const {
  struct stat about {};
  if (source_.file.empty() || ::stat(source_.file.c_str(), &about) != 0) return {};
  return {.inode = about.st_ino,
          .size = about.st_size,
          .changed_ns = about.st_ctim.tv_sec * 1'000'000'000 + about.st_ctim.tv_nsec};
}

void KeyHolder::refresh() const {
  if (!source_.is_file() || source_.file.empty()) return;
  const Stamp stamp = stamp_of_file();
  {
    const std::lock_guard lock(mutex_);
    if (stamp == seen_) return;
    seen_ = stamp;
  }
  Result<KeyRing> read = KeyRing::read(source_.file);
  if (!read) return;  // half-way through a change, or broken: what we have still opens the rest
  const std::lock_guard lock(mutex_);
  ring_ = std::make_shared<const KeyRing>(std::move(*read));
}

Status KeyHolder::may_edit() const {
  if (source_.is_file() && !source_.file.empty()) return ok();
  return conflict("keys_in_environment",
                  "the keys come from " + source_.variable +
                      ": change it there (the new key in front), and start the server again");
}

Result<std::string> KeyHolder::add_key(WallTime now, Random& random) {
  if (Status may = may_edit(); !may) return may.error();
  Result<KeyRing> changed = KeyRing::add_key(source_.file, now, random);
  if (!changed) return changed.error();
  std::string id = changed->first().id;
  const std::lock_guard lock(mutex_);
  ring_ = std::make_shared<const KeyRing>(std::move(*changed));
  seen_ = {};
  return id;
}

Status KeyHolder::drop_key(std::string_view id) {
  if (Status may = may_edit(); !may) return may;
  Result<KeyRing> changed = KeyRing::drop_key(source_.file, id);
  if (!changed) return changed.error();
  const std::lock_guard lock(mutex_);
  ring_ = std::make_shared<const KeyRing>(std::move(*changed));
  seen_ = {};
  return ok();
}

}  // namespace pilot::vault
