#include "app/open_keys.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/run_here.h"

namespace pilot::app {
namespace {

namespace asio = boost::asio;

constexpr std::int64_t kSample = 500;  // rows without a key id that are tried

Error key_missing(std::string message) { return invalid("key_missing", std::move(message)); }

// Rows of before the column key_id: with the right ring most of them open, with a wrong one none.
// One alone may be damaged; it is no proof.
Status try_unnamed(const vault::KeyRing& ring, const vault::KeySource& source, store::Store& store,
                   asio::io_context& io, Log& log) {
  const auto rows = run_here(io, store.sealed_page({}, kSample));
  if (!rows) return rows.error();
  int tried = 0;
  int opened = 0;
  for (const store::SealedCredential& row : *rows) {
    if (!row.key_id.empty()) continue;
    ++tried;
    if (ring.open(row.encrypted_value)) ++opened;
  }
  if (opened == tried) return ok();
  if (opened == 0 && tried > 1) {
    return key_missing(fmt::format(
        "none of {} stored credentials that were tried can be opened with {}: their key is not "
        "there. Put it back as a further key, or restore the ring that belongs to this database",
        tried, source.name()));
  }
  log.warn(
      "{} of {} stored credentials that were tried cannot be opened; they are damaged, or "
      "their key is missing",
      tried - opened, tried);
  return ok();
}

Status check_needed(const vault::KeyRing& ring, const vault::KeySource& source, store::Store& store,
                    asio::io_context& io, Log& log) {
  const auto uses = run_here(io, store.key_usage());
  if (!uses) return uses.error();
  std::int64_t all = 0;
  std::int64_t lost = 0;
  bool unnamed = false;
  std::string ids;
  for (const store::KeyUse& use : *uses) {
    all += use.rows;
    unnamed = unnamed || use.key_id.empty();
    if (use.key_id.empty() || ring.find(use.key_id) != nullptr) continue;
    lost += use.rows;
    ids += (ids.empty() ? "" : ", ") + use.key_id;
  }
  if (lost > 0) {
    return key_missing(fmt::format(
        "{} of {} stored credentials were sealed with keys that {} does not have ({}): the "
        "database and the key ring are not of the same time. Put the keys back as further ones",
        lost, all, source.name(), ids));
  }
  return unnamed ? try_unnamed(ring, source, store, io, log) : ok();
}

}  // namespace

Result<vault::KeyRing> open_keys(const vault::KeySource& source, store::Store& store,
                                 asio::io_context& io, Random& random, Log& log) {
  std::error_code ignored;
  if (!source.is_file() || std::filesystem::exists(source.file, ignored)) {
    Result<vault::KeyRing> ring = vault::read_keys(source);
    if (!ring) return ring;
    if (Status fits = check_needed(*ring, source, store, io, log); !fits) return fits.error();
    return ring;
  }
  const Result<bool> encrypted = run_here(io, store.any_encrypted_rows());
  if (!encrypted) return encrypted.error();
  if (*encrypted) {
    return key_missing(fmt::format(
        "{} is missing, and the database holds credentials that only it can read; put it back, or "
        "remove them",
        source.file.string()));
  }
  log.info("making a new key: {}; keep a copy of it apart from the database", source.file.string());
  return vault::KeyRing::create(source.file, random);
}

}  // namespace pilot::app
