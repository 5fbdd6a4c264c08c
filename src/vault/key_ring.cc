#include "vault/key_ring.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/crypto.h"

namespace pilot::vault {

namespace {

constexpr std::string_view kMade = "# made ";  // and a time: of the key in the next line

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t from = line.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return line.substr(from, line.find_last_not_of(kBlank) - from + 1);
}

Error at_place(const Error& error, std::string place) {
  Error placed = error;
  placed.pointer = std::move(place);
  placed.message = placed.pointer + ": " + placed.message;
  return placed;
}

std::optional<WallTime> made_at(std::string_view comment) {
  if (!comment.starts_with(kMade)) return std::nullopt;
  const Result<WallTime> time = parse_rfc3339(comment.substr(kMade.size()));
  return time ? std::optional(*time) : std::nullopt;
}

bool same_key(const FernetKey& a, const FernetKey& b) {
  return crypto::constant_time_equal(a.to_text().reveal(), b.to_text().reveal());
}

}  // namespace

Result<KeyRing> KeyRing::parse(std::string_view text, std::string_view separators,
                               std::string_view word) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // what a Windows editor puts first
  KeyRing ring;
  std::optional<WallTime> made;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find_first_of(separators);
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') {
      made = made_at(line);
      continue;
    }
    const std::string place = std::string(word) + " " + std::to_string(number);
    Result<FernetKey> key = FernetKey::parse(line);
    if (!key) return at_place(key.error(), place);
    const bool again = std::any_of(ring.keys_.begin(), ring.keys_.end(),
                                   [&](const Entry& other) { return same_key(other.key, *key); });
    if (again) {
      return at_place(
          invalid("key_twice", "this key stands there already, further up; take one out"), place);
    }
    std::string id = key->id();
    ring.keys_.push_back({std::move(*key), std::move(id), std::exchange(made, std::nullopt)});
  }
  if (ring.keys_.empty()) {
    return invalid(
        "no_key",
        "there is no key in it: expected one Fernet key a line. If credentials are stored "
        "already, put their key back; nothing else opens them");
  }
  return ring;
}

Result<KeyRing> KeyRing::parse(std::string_view text) { return parse(text, "\n", "line"); }

Result<KeyRing> KeyRing::parse_list(std::string_view text) { return parse(text, ",\n", "key"); }

Sealed KeyRing::seal(std::string_view text, WallTime now, Random& random) const {
  PILOT_ASSERT(!keys_.empty());  // parse and create see to it; only a moved-from ring has none
  return {first().key.encrypt(text, now, random), first().id};
}

const KeyRing::Entry* KeyRing::find(std::string_view id) const {
  const auto found =
      std::find_if(keys_.begin(), keys_.end(), [id](const Entry& entry) { return entry.id == id; });
  return found == keys_.end() ? nullptr : &*found;
}

Result<Secret> KeyRing::open(std::string_view token, std::string_view key_id) const {
  for (const Entry& entry : keys_) {
    if (entry.id != key_id) continue;
    if (Result<Secret> text = entry.key.decrypt(token)) return text;
  }
  for (const Entry& entry : keys_) {
    if (entry.id == key_id) continue;
    if (Result<Secret> text = entry.key.decrypt(token)) return text;
  }
  if (find(key_id) != nullptr) {
    return conflict("credential_unreadable",
                    "a stored value cannot be opened, though its key is there: the value is "
                    "damaged; store it anew");
  }
  const std::string keys =
      keys_.size() == 1 ? "the key" : "any of the " + std::to_string(keys_.size()) + " keys";
  const std::string sealed_by =
      key_id.empty() ? "its key is missing there, or the value is damaged"
                     : "it was sealed by key " + std::string(key_id) + ", which is missing there";
  return conflict("credential_unreadable", "a stored value cannot be opened with " + keys +
                                               " of the key ring: " + sealed_by +
                                               ". Put the old key back as a further one, or store "
                                               "the value anew");
}

}  // namespace pilot::vault
