#include "app/fetch_document.h"

#include <fmt/format.h>

#include "base/result.h"

namespace pilot::app {

boost::asio::awaitable<Result<std::string>> fetch_document(http::Transport& transport,
                                                           std::string url) {
  http::Request request;
  request.url = std::move(url);
  request.headers.push_back({"Accept", "application/json, application/yaml;q=0.9, */*;q=0.5"});
  request.max_response_bytes = limits::kOpenApiBytes;
  http::Answer answer = co_await transport.send(std::move(request), {});
  if (answer.error) {
    co_return invalid(answer.error->code,
                      "the document cannot be fetched: " + answer.error->message);
  }
  if (answer.response->status < 200 || answer.response->status > 299) {
    co_return invalid("fetch_failed",
                      fmt::format("the document cannot be fetched: the server answered {}",
                                  answer.response->status));
  }
  co_return std::move(answer.response->body);
}

}  // namespace pilot::app
