// The key ring at the start: read, or made if nothing is sealed yet, and held against what the
// database needs. Main thread, before the shards run.
#pragma once

#include <boost/asio/io_context.hpp>

#include "base/log.h"
#include "store/store.h"
#include "vault/key_source.h"

namespace pilot::app {

// A key is made only if the database has no encrypted row. Codes: key_missing (the file is not
// there, or rows were sealed with keys that the ring does not have), the key ring's, the store's.
// A damaged value does not stop the start: only what names its key, or all of it, speaks of keys.
Result<vault::KeyRing> open_keys(const vault::KeySource& source, store::Store& store,
                                 boost::asio::io_context& io, Random& random, Log& log);

}  // namespace pilot::app
