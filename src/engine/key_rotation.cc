#include "engine/key_rotation.h"

namespace pilot::engine {
namespace {

store::CredentialKey key_of(const store::SealedCredential& row) {
  return {row.user, row.provider, row.connection, row.type};
}

// A full page may have another behind it.
std::optional<store::CredentialKey> next_of(const std::vector<store::SealedCredential>& page) {
  if (static_cast<std::int64_t>(page.size()) < kResealPage) return std::nullopt;
  return key_of(page.back());
}

}  // namespace

boost::asio::awaitable<Result<Resealed>> reseal_page(store::CredentialStore& store,
                                                     const vault::KeyHolder& keys,
                                                     store::CredentialKey after, WallTime now,
                                                     Random& random) {
  const auto page = co_await store.sealed_page(std::move(after), kResealPage);
  if (!page) co_return page.error();
  const auto ring = keys.ring();
  Resealed done{.seen = static_cast<std::int64_t>(page->size()), .next = next_of(*page)};
  std::vector<store::Reseal> batch;
  for (const store::SealedCredential& row : *page) {
    if (row.key_id == ring->first().id) continue;
    const Result<Secret> value = keys.open(row.encrypted_value, row.key_id);
    if (!value) {
      ++done.unreadable;
      continue;
    }
    vault::Sealed sealed = ring->seal(value->reveal(), now, random);
    batch.push_back(
        {key_of(row), row.encrypted_value, std::move(sealed.token), std::move(sealed.key_id)});
  }
  if (batch.empty()) co_return done;
  const auto changed = co_await store.reseal(std::move(batch));
  if (!changed) co_return changed.error();
  done.changed = *changed;
  co_return done;
}

boost::asio::awaitable<Result<std::int64_t>> rows_that_need(store::CredentialStore& store,
                                                            const vault::KeyHolder& keys,
                                                            std::string key_id) {
  const auto uses = co_await store.key_usage();
  if (!uses) co_return uses.error();
  std::int64_t rows = 0;
  bool unnamed = false;
  for (const store::KeyUse& use : *uses) {
    if (use.key_id == key_id) rows += use.rows;
    unnamed = unnamed || use.key_id.empty();
  }
  const auto ring = keys.ring();
  const vault::KeyRing::Entry* const key = ring->find(key_id);
  if (!unnamed || key == nullptr) co_return rows;
  std::optional<store::CredentialKey> after = store::CredentialKey{};
  while (after) {
    const auto page = co_await store.sealed_page(*after, kResealPage);
    if (!page) co_return page.error();
    for (const store::SealedCredential& row : *page) {
      if (row.key_id.empty() && key->key.decrypt(row.encrypted_value)) ++rows;
    }
    after = next_of(*page);
  }
  co_return rows;
}

}  // namespace pilot::engine
