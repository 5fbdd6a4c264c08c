// An HTTP exchange: request, redirects, answer under our limits.
#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "http/curl_call.h"
#include "http/curl_failure.h"
#include "http/redirect.h"

namespace pilot::http {
namespace {

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_content_type(std::string_view name) {
  constexpr std::string_view kName = "content-type";
  return std::equal(name.begin(), name.end(), kName.begin(), kName.end(),
                    [](char a, char b) { return lower(a) == b; });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != text.npos) {
    text.remove_suffix(1);
  }
  return text;
}

void add(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  (void)list.release();
  list.reset(longer);
}

HeaderList header_list(const Request& request) {
  HeaderList list;
  bool typed = false;
  for (const Header& header : request.headers) {
    typed = typed || is_content_type(header.name);
    const std::string_view value = trimmed(header.value);
    // "Name:" would take the header out; "Name;" sends it empty.
    add(list, value.empty() ? header.name + ";" : fmt::format("{}: {}", header.name, value));
  }
  if (!typed) add(list, "Content-Type:");  // none is made up for a body
  add(list, "Expect:");                    // no 100-continue round trip
  return list;
}

// "HTTP/1.1 103 Early Hints"
bool is_interim(std::string_view status_line) {
  const std::size_t space = status_line.find(' ');
  return space != std::string_view::npos && status_line.substr(space + 1, 1) == "1";
}

// RFC 9110 9.2.2: may be sent again without asking anybody.
bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS";
}

class HttpCall final : public CurlCall {
 public:
  HttpCall(const CurlOptions& options, Url url, Request request)
      : CurlCall(options, std::move(url), request.timeout, request.allowed_hosts),
        request_(std::move(request)),
        headers_(header_list(request_)) {}

  std::optional<Answer> finish(int code) override;
  bool may_send() override;
  bool take_header(std::string_view line) override;
  bool take_body(std::string_view bytes) override;
  std::size_t give_body(char*, std::size_t) override { return 0; }

 private:
  enum class Trouble { none, headers_too_large, body_too_large, would_send_twice };

  void set_options(void* easy) override;
  void set_method(void* easy) const;
  bool sent() const override { return sent_before_ || bytes_sent() > 0; }
  long bytes_sent() const;
  SendError trouble() const;
  void next_hop(Request request);

  Request request_;
  HeaderList headers_;
  Response response_;
  std::size_t header_bytes_ = 0;
  bool expects_status_ = true;
  bool interim_ = false;  // the headers that are coming in belong to a 1xx
  bool headers_done_ = false;
  int tries_ = 0;             // of this hop, by curl
  bool sent_before_ = false;  // an earlier hop went out
  Trouble trouble_ = Trouble::none;
};

void HttpCall::set_options(void* easy) {
  tries_ = 0;
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);  // redirect.h decides, the guard judges
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");  // all that curl can decompress
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  set_method(easy);
}

void HttpCall::set_method(void* easy) const {
  const std::string& method = request_.method;
  if (method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  // These say how long their content is even when there is none (RFC 9110 8.6).
  const bool expects_body = method == "POST" || method == "PUT" || method == "PATCH";
  if (request_.has_body || expects_body) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.has_body ? request_.body.size() : 0));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.has_body ? request_.body.data() : "");
    if (method != "POST") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
    return;
  }
  if (method != "GET") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
}

long HttpCall::bytes_sent() const {
  long bytes = 0;
  if (easy_ != nullptr) curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &bytes);
  return bytes;
}

// curl sends a request again by itself when a kept connection dies under it. The server may have
// done it already, so what is not idempotent is given back to the caller to decide.
bool HttpCall::may_send() {
  if (++tries_ == 1 || bytes_sent() == 0 || is_idempotent(request_.method)) return true;
  trouble_ = Trouble::would_send_twice;
  return false;
}

bool HttpCall::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > limits::kResponseHeaders) {
    trouble_ = Trouble::headers_too_large;
    return false;
  }
  if (expects_status_ && line.starts_with("HTTP/")) {
    response_.headers.clear();
    interim_ = is_interim(line);
    expects_status_ = false;
    return true;
  }
  if (headers_done_) return true;  // trailers
  const bool folded = line.starts_with(' ') || line.starts_with('\t');
  const std::string_view text = trimmed(line);
  if (text.empty()) {
    expects_status_ = interim_;
    headers_done_ = !interim_;
  } else if (folded) {
    if (!response_.headers.empty()) response_.headers.back().value.append(" ").append(text);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    response_.headers.push_back({.name = std::string(trimmed(text.substr(0, colon))),
                                 .value = std::string(trimmed(text.substr(colon + 1)))});
  }
  return true;
}

bool HttpCall::take_body(std::string_view bytes) {
  std::string& body = response_.body;
  const std::size_t most = request_.max_response_bytes;
  if (bytes.size() > most - body.size()) {
    trouble_ = Trouble::body_too_large;
    return false;
  }
  // Grown by doubling, but never past the limit: memory is what the limit is for.
  const std::size_t size = body.size() + bytes.size();
  if (size > body.capacity()) body.reserve(std::min(most, std::max(size, 2 * body.capacity())));
  body.append(bytes);
  return true;
}

SendError HttpCall::trouble() const {
  if (trouble_ == Trouble::would_send_twice) {
    return {.code = "connection_lost",
            .message = fmt::format("the connection to {} was closed without an answer", peer()),
            .sent = true,
            .retryable = true};
  }
  const bool body = trouble_ == Trouble::body_too_large;
  return {.code = "response_too_large",
          .message = fmt::format("the {} of {} {} larger than the limit of {} bytes",
                                 body ? "answer" : "headers", peer(), body ? "is" : "are",
                                 body ? request_.max_response_bytes : limits::kResponseHeaders),
          .sent = true};
}

void HttpCall::next_hop(Request request) {
  request_ = std::move(request);
  headers_ = header_list(request_);
  response_ = Response{.redirects = response_.redirects + 1};
  header_bytes_ = 0;
  expects_status_ = true;
  headers_done_ = false;
  sent_before_ = true;
}

std::optional<Answer> HttpCall::finish(int code) {
  // How curl 7.88 says that one header is longer than it takes (100 KB).
  if (code == CURLE_OUT_OF_MEMORY && !headers_done_) trouble_ = Trouble::headers_too_large;
  if (trouble_ != Trouble::none) return Answer{.error = trouble()};
  if (code != CURLE_OK) return Answer{.error = failure(code)};
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  Redirect redirect = follow(request_, response_);
  if (redirect.refused) return Answer{.error = std::move(redirect.refused)};
  if (redirect.next) {
    if (Result<Url> url = parse_url(redirect.next->url)) {
      url_ = std::move(*url);
      next_hop(std::move(*redirect.next));
      return std::nullopt;
    }
  }
  response_.url = url_.text();
  return Answer{.response = std::move(response_)};
}

}  // namespace

MadeCall make_http_call(const CurlOptions& options, Request request) {
  if (auto error = check_headers(request)) return std::move(*error);
  if (request.method == "HEAD" && request.has_body) {
    return SendError{.code = "unsupported", .message = "a HEAD request cannot have a body"};
  }
  Result<Url> url = parse_url(request.url);
  if (!url) return SendError{.code = "invalid_url", .message = url.error().message};
  return std::make_unique<HttpCall>(options, std::move(*url), std::move(request));
}

}  // namespace pilot::http
