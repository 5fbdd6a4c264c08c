// Feeds (RSS 2.0, RSS 1.0 in RDF, Atom) as JSON, whichever they are. No entity is ever declared or
// fetched, depth and items are bounded. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"

namespace pilot::providers::data {

struct FeedOptions {
  std::size_t most = 100;              // items, from the top
  std::optional<WallTime> since = {};  // only those that are newer, or have no date
};

// {title, link, description, updated, items: [{id, title, link, published, updated, author,
// summary, content, categories, enclosure: {url, type, length}}]}; what a feed does not say is
// null, times are RFC 3339 where they can be read, else as they stand. Code invalid_feed.
Result<Json> parse_feed(std::string_view xml, const FeedOptions& options);

// RFC 822 and RFC 3339: "Wed, 02 Oct 2002 15:00:00 +0200", "2002-10-02T13:00:00Z".
std::optional<WallTime> parse_feed_time(std::string_view text);

}  // namespace pilot::providers::data
