// Whatever the text: URLs parse to something that parses to itself, its host reaches the resolver
// as it was judged, and the small parsers of http/ end.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/body.h"
#include "http/retry_after.h"
#include "http/url.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pilot;
  using namespace pilot::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const Result<Url> url = parse_url(text)) {
    const Result<Url> again = parse_url(url->text());
    require(again && *again == *url);
    require(url->scheme == "http" || url->scheme == "https");
    require(url->host.find_first_of("/?#@%\\ ") == std::string::npos);
    require(url->target.starts_with('/') && url->port != 0);
    const Result<std::string> longer = with_query(url->text(), {{std::string(text), "x"}});
    require(longer && parse_url(*longer) && parse_url(*longer)->same_origin(*url));
  }
  const Url base{.scheme = "https", .host = "a.test", .port = 443, .target = "/x/y?z"};
  if (const Result<Url> joined = join(base, text)) {
    const Result<Url> again = parse_url(joined->text());
    require(again && *again == *joined);
  }
  const Result<Url> segment = parse_url("http://a.test/x/" + encode_segment(text.substr(0, 1000)));
  require(segment && segment->host == "a.test" && segment->target.starts_with("/x/"));

  const WallTime now{std::chrono::seconds{1'800'000'000}};
  if (const auto wait = parse_retry_after(text, now)) {
    require(wait->count() >= 0 && wait->count() <= 300);
  }
  (void)parse_content_type(text);
  return 0;
}
