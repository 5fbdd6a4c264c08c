// A document from the network: through the address guard, bounded.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "http/transport.h"

namespace pilot::app {

// At most limits::kOpenApiBytes. Codes: those of http::SendError (blocked_address, dns_failed ...),
// fetch_failed for an answer that is no success. The transport outlives the call.
boost::asio::awaitable<Result<std::string>> fetch_document(http::Transport& transport,
                                                           std::string url);

}  // namespace pilot::app
