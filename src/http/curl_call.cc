#include "http/curl_call.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "http/address_guard.h"
#include "http/curl_failure.h"

namespace pilot::http {
namespace {

CurlCall& call_of(void* self) { return *static_cast<CurlCall*>(self); }

curl_socket_t on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  if (call_of(self).refuses(address->addr)) return CURL_SOCKET_BAD;
  const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket >= 0) call_of(self).opened(socket);
  return socket;
}

// The address of a literal, in any spelling that a resolver takes for one (2130706433, 0x7f.1).
std::optional<sockaddr_in6> literal_v6(const std::string& text) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  if (::inet_pton(AF_INET6, text.c_str(), &address.sin6_addr) != 1) return std::nullopt;
  return address;
}

std::optional<sockaddr_in> literal_v4(const std::string& text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (::inet_aton(text.c_str(), &address.sin_addr) == 0) return std::nullopt;
  return address;
}

// A socket address of either family, seen as the sockaddr that the guard takes.
template <class Address>
const sockaddr& plain(const Address& address) {
  return reinterpret_cast<const sockaddr&>(address);
}

// Judged again on reuse: a connection may have been opened by somebody else.
int on_request(void* self, char* remote, char*, int, int) {
  const std::string text = remote == nullptr ? "" : remote;
  CurlCall& call = call_of(self);
  if (const auto v4 = literal_v4(text); v4 && call.refuses(plain(*v4))) {
    return CURL_PREREQFUNC_ABORT;
  }
  if (const auto v6 = literal_v6(text); v6 && call.refuses(plain(*v6))) {
    return CURL_PREREQFUNC_ABORT;
  }
  return call.may_send() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

std::size_t on_header(char* bytes, std::size_t one, std::size_t count, void* self) {
  return call_of(self).take_header({bytes, one * count}) ? one * count : 0;
}

std::size_t on_body(char* bytes, std::size_t one, std::size_t count, void* self) {
  return call_of(self).take_body({bytes, one * count}) ? one * count : 0;
}

std::size_t on_upload(char* out, std::size_t one, std::size_t count, void* self) {
  return call_of(self).give_body(out, one * count);
}

}  // namespace

CurlCall::CurlCall(const CurlOptions& options, Url url, Millis timeout,
                   std::vector<HostListPtr> allowed_hosts)
    : options_(options),
      url_(std::move(url)),
      allowed_hosts_(std::move(allowed_hosts)),
      timeout_(std::clamp(timeout, Millis{0}, Millis{limits::kStepTimeout})),
      deadline_(std::chrono::steady_clock::now() + timeout_) {}

std::optional<SendError> CurlCall::prepare(void* easy) {
  easy_ = easy;
  blocked_by_.reset();
  const auto left = std::chrono::ceil<Millis>(deadline_ - std::chrono::steady_clock::now());
  if (left <= Millis{0}) return timed_out(url_.authority(), timeout_, sent());
  if (auto refused = judge_name()) return refused;
  if (through_proxy()) {
    if (auto blocked = judge_literal()) return blocked;
  }
  detail_[0] = '\0';
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail_.data());
  curl_easy_setopt(easy, CURLOPT_URL, url_.text().c_str());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // never wait for a hanging look-up
  // Both set, even when empty: else curl asks the environment.
  curl_easy_setopt(easy, CURLOPT_PROXY, options_.proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  // Not for plain HTTP: curl copies them for each connection, encrypted or not.
  if (!options_.authorities.empty() && url_.scheme != "http") {
    // Instead of the system's file, which CURLOPT_CAPATH, left as it is, has certificate by
    // certificate, too.
    curl_blob authorities{const_cast<char*>(options_.authorities.data()),
                          options_.authorities.size(), CURL_BLOB_NOCOPY};
    curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &authorities);
  }
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &on_request);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, static_cast<void*>(this));
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, static_cast<void*>(this));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, static_cast<void*>(this));
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, &on_upload);
  curl_easy_setopt(easy, CURLOPT_READDATA, static_cast<void*>(this));
  set_options(easy);
  return std::nullopt;
}

bool CurlCall::refuses(const sockaddr& address) {
  if (through_proxy()) return false;  // it is the proxy's own address
  auto rule = forbidden(address, options_.addresses, {url_.host, url_.port});
  if (!rule) return false;
  blocked_by_ = std::move(rule);
  return true;
}

// Of each hop, before anything is looked up.
std::optional<SendError> CurlCall::judge_name() const {
  if (denied({url_.host, url_.port}, options_.addresses)) {
    return blocked_address(url_.authority(), "denied", sent());
  }
  for (const HostListPtr& list : allowed_hosts_) {
    if (!list->has(url_.host, url_.port)) return host_not_allowed(url_.authority(), sent());
  }
  return std::nullopt;
}

// Behind a proxy nobody here sees the resolved address; what the URL says outright is still judged.
std::optional<SendError> CurlCall::judge_literal() const {
  std::string host = url_.host;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  while (host.ends_with('.')) host.pop_back();
  if (host == "localhost" || host.ends_with(".localhost")) host = "127.0.0.1";
  std::optional<std::string> rule;
  const Asked asked{url_.host, url_.port};
  if (const auto v4 = literal_v4(host)) rule = forbidden(plain(*v4), options_.addresses, asked);
  if (const auto v6 = literal_v6(host)) rule = forbidden(plain(*v6), options_.addresses, asked);
  if (!rule) return std::nullopt;
  return blocked_address(url_.authority(), *rule, sent());
}

SendError CurlCall::cancelled() const { return was_cancelled(sent()); }

SendError CurlCall::failure(int code) const {
  const std::string peer = url_.authority();
  const bool at_guard = code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK;
  if (blocked_by_ && at_guard) return blocked_address(peer, *blocked_by_, sent());
  CurlFailure failure{
      .code = code, .sent = sent(), .detail = detail_.data(), .peer = peer, .timeout = timeout_};
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &failure.os_error);
  curl_easy_getinfo(easy_, CURLINFO_SSL_VERIFYRESULT, &failure.verify_result);
  return describe(failure);
}

}  // namespace pilot::http
